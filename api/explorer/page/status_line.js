/** One line under the answer: who asks, and whether live changes still arrive. */
import { h, useStore } from "./element.js";

export function statusLine({ session, subscriptions }) {
  return function StatusLine() {
    const { person, workspace } = useStore(session);
    const { isWaiting, seconds } = useStore(subscriptions);
    const who = person === null ? "Not logged in" : [person.name, workspace].filter(Boolean).join(" · ");
    const live = isWaiting ? ` · connection lost, trying again in ${seconds} s` : "";
    return h("p", { className: "status", role: "status" }, who + live);
  };
}
