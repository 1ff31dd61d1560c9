"""Vocabulary of the demo company, which sells booking software to bicycle workshops."""

from types import MappingProxyType

NAMES = (
    "Amara Okonjo", "Mateus Figueira", "Linh Tran Thi", "Ingrid Solheim", "Rashid Al-Amri", "Priya Venkataraman",
    "Tomasz Wilkowski", "Keiko Hamasaki", "Lucía Barrenechea", "Declan O'Rourke", "Nomvula Dlaminza", "Yusuf Karaman",
    "Anaïs Delcourt", "Bohdan Levchuk", "Siti Rahmawati", "Caleb Whitlock", "Xiomara Quispe", "Jóhanna Birgisdóttir",
    "Wei-Ling Chou", "Farid Daryaei", "Marijke van Ruyven", "Tevita Fonua", "Zsófia Halmos", "Kwabena Asumang",
    "Elif Sönmezer", "Ravi Jayawardhana", "Chiara Montefiori", "Seung-hyun Baek", "Aroha Ngatata", "Dragan Petrušić",
    "Hélder Nogueira", "Mirembe Nakato", "Oskari Lehtimaa", "Salma Benhaddou", "Javier Olivarría", "Nadia Chowdhry",
    "Stellan Bergquist", "Thandeka Mokgatle", "Ioannis Kaladis", "Grace Wanjohi",
)  # fmt: skip

LABELS = (
    ("bug", "#d73a4a", "Something does not do what it should"),
    ("feature", "#4cb782", "Something new"),
    ("improvement", "#5e6ad2", "Something that works and could work better"),
    ("customer", "#f2994a", "A customer has asked for it"),
    ("performance", "#bb87fc", "Slow or hungry"),
    ("design", "#eb5757", "Needs a look by a designer"),
    ("regression", "#b60205", "It used to work"),
    ("accessibility", "#0e8a16", "Keyboard, screen reader, contrast"),
    ("documentation", "#0075ca", "Words for users and for us"),
    ("security", "#8b0000", "Read the security guide first"),
    ("tech debt", "#95a2b3", "Pays back later"),
    ("good first issue", "#7057ff", "Small, and well described"),
    ("payments", "#1d76db", "Money moves"),
    ("calendar", "#26b5ce", "Bookings and opening hours"),
    ("flaky test", "#fbca04", "Fails now and then"),
    ("translation", "#c5def5", "Texts in other languages"),
    ("data loss", "#e11d21", "Drop everything else"),
    ("needs reply", "#d4c5f9", "We wait for whoever reported it"),
    ("duplicate", "#cfd3d7", "Told before"),
    ("privacy", "#006b75", "Personal data"),
    ("wont fix", "#eeeeee", "Kept as it is, on purpose"),
    ("printing", "#a2845e", "Job sheets and receipts"),
    ("spike", "#ffd8a8", "Find out first"),
    ("winter tyres", "#9ad0f5", "The season's campaign"),
)

PROJECTS = (
    ("ENG", "Engineering", 0.38),
    ("WEB", "Website", 0.27),
    ("OPS", "Operations", 0.19),
    ("MOB", "Mobile apps", 0.16),
)

THINGS = MappingProxyType(
    {
        "ENG": (
            "the booking service", "the price calculator", "the parts catalog", "the invoice run",
            "the calendar sync", "the stock importer", "the reminder queue", "the refund endpoint",
            "the permission check", "the nightly export", "the search index", "the webhook sender",
        ),
        "WEB": (
            "the booking form", "the opening hours editor", "the date picker", "the sign-in page",
            "the price table", "the repair status page", "the photo upload", "the cookie notice",
            "the receipt view", "the workshop map", "the language menu", "the cancel button",
        ),
        "OPS": (
            "the staging cluster", "the nightly backup", "the certificate renewal", "the log pipeline",
            "the deploy script", "the mail relay", "the database replica", "the on-call rota",
            "the firewall rules", "the cost report", "the restore drill", "the metrics dashboard",
        ),
        "MOB": (
            "the scanner screen", "the offline cache", "the push notification", "the job timer",
            "the tablet layout", "the signature pad", "the barcode reader", "the dark theme",
            "the camera view", "the sync banner", "the onboarding tour", "the parts picker",
        ),
    }
)  # fmt: skip

FAULTS = (
    "shows yesterday's prices", "loses the last line", "answers after twenty seconds", "ignores the time zone",
    "counts canceled bookings", "stops after the first page", "accepts an empty name", "sends everything twice",
    "forgets the chosen language", "shows a blank page", "rounds down to zero", "keeps the old address",
    "fails without a message", "turns umlauts into question marks", "uses far too much memory", "never retries",
)  # fmt: skip

SITUATIONS = (
    "when two people save at once", "after a change to summer time", "on a slow connection", "for guests",
    "with more than a hundred entries", "after a restart", "when the phone is offline", "at the end of the month",
    "for workshops with two addresses", "if the session has expired", "with a long surname", "on the first visit",
    "when the card is declined", "while an import runs", "for bookings over midnight", "in the evening rush",
)  # fmt: skip

WISHES = (
    "undo the last change", "filter by mechanic", "export the list as a file", "see who changed a price",
    "book two bicycles at once", "move a booking by dragging it", "pay with a voucher", "print a short job sheet",
    "get a reminder a day earlier", "hide closed workshops", "attach photos of the damage", "use it without a mouse",
    "set a deposit for big repairs", "split an invoice", "pause a repair", "mark parts as ordered",
)  # fmt: skip

GROUPS = (
    "mechanics",
    "customers",
    "shop owners",
    "support agents",
    "guests",
    "accountants",
    "new colleagues",
    "managers",
)

CHORES = (
    "Take apart", "Write tests for", "Move the settings of", "Document", "Measure", "Retire the old version of",
    "Add an alarm for", "Simplify", "Review the permissions of", "Make room for growth in",
)  # fmt: skip

SENTENCES = (
    "I can see it with {thing}, but only {situation}.",
    "{Thing} {fault} {situation}.",
    "Three {group} have told us about this within one week.",
    "It began after the release of last Tuesday, as far as the logs go back.",
    "We should look at {thing} before we touch anything else.",
    "The simplest way would be to let {group} {wish}.",
    "My guess is that {thing} {fault}, and everything else follows from that.",
    "I could not make it happen on my own machine.",
    "A test for this case is missing; I have started one.",
    "Nothing in {thing} has changed for months, so I doubt that it is to blame.",
    "Until then, {group} cannot {wish}.",
    "Can somebody confirm this with real data?",
    "It costs support about two hours a week.",
    "The change is behind a switch and is off for everybody.",
    "Half of the time goes into {thing}.",
    "If we wait for the next release, we save ourselves the migration.",
    "That would also help {group} who want to {wish}.",
    "We have agreed to keep {thing} as it is and to fix the cause.",
    "The log says nothing, which is a problem of its own.",
    "Please keep the old behavior for existing customers.",
    "It works {situation}, so the data must be there.",
    "I have compared both answers, and they differ in one field.",
    "There is a workaround: start again and wait for a minute.",
    "The numbers look right to me now.",
    "We talked about {thing} on Thursday and nobody remembers why it was built that way.",
    "{Thing} has no owner at the moment; I can take it for a while.",
    "Let us do the small version first: {group} can {wish}, and no more.",
    "This is the third report; the first one was closed too early.",
)

REPLIES = (
    "Thanks, that helps.",
    "Done, please have another look.",
    "I will take this one.",
    "Confirmed on staging.",
    "Same here {situation}.",
    "Deployed this morning.",
    "Could you add the steps?",
    "Not a blocker for us, but annoying.",
    "I have moved it to the next week.",
    "Good catch.",
    "Sounds right. Let us try it with {thing} first.",
    "Who knows {thing} well enough to review this?",
)

STEPS = (
    "Sign in as one of the {group}",
    "Open {thing}",
    "Leave the second field empty",
    "Do it again {situation}",
    "Compare with what {group} see",
    "Try to {wish}",
    "Wait until the page has loaded",
    "Look at the totals",
)

LOG_LINES = (
    "WARN  retry={number} waiting={number}ms",
    "ERROR booking={number} reason=timeout",
    "INFO  rows={number} took={number}ms",
    "ERROR unexpected answer 502 after {number} bytes",
    "INFO  queue={number} oldest={number}s",
    "WARN  cache miss for shop {number}",
)

HEADINGS = ("What happens", "Why", "Idea", "Out of scope", "How to check", "Notes")
