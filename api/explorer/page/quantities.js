/** Numbers as people read them. */
const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const exact = new Intl.NumberFormat("en", { maximumFractionDigits: 1 });
const clock = new Intl.DateTimeFormat("en", { timeStyle: "medium", hourCycle: "h23" });

export const points = (number) => whole.format(number);
export const duration = (milliseconds) => `${(milliseconds < 10 ? exact : whole).format(milliseconds)} ms`;
export const size = (bytes) => (bytes < 1000 ? `${bytes} bytes` : `${exact.format(bytes / 1000)} KB`);
export const timeOfDay = (moment) => clock.format(new Date(moment));
