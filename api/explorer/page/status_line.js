/** One line under the answer: who asks, whether changes are listened to and still arrive, and how many nobody has looked at. */
import { h, useStore } from "./element.js";

export function statusLine({ session, subscriptions, live }) {
  return function StatusLine() {
    const { person, workspace } = useStore(session);
    const { isWaiting, seconds, isListening } = useStore(subscriptions);
    const who = person === null ? "Not signed in" : [person.name, workspace].filter(Boolean).join(" · ");
    const { unseen } = useStore(live);
    const news = unseen > 0 ? ` · ${unseen} new in Live` : "";
    const listening = isListening ? " · listening" : "";
    const trouble = isWaiting ? ` · connection lost, retrying in ${seconds} s` : "";
    return h("p", { className: "status", role: "status" }, who + listening + news + trouble);
  };
}
