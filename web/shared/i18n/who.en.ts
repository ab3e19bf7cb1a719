// English words about who a device is and how exposed it is. They come with the screens that need them.
export const en = {
  "class.camera": "Camera", "class.doorbell": "Doorbell", "class.plug": "Plug or switch", "class.light": "Light", "class.sensor": "Sensor", "class.thermostat": "Thermostat",
  "class.hub": "Hub", "class.lock": "Door lock", "class.alarm": "Alarm", "class.medical": "Medical device", "class.scale": "Scale", "class.appliance": "Household appliance",
  "class.speaker": "Speaker", "class.tv": "Television", "class.console": "Game console", "class.printer": "Printer", "class.nas": "Network storage", "class.router": "Router or repeater",
  "class.phone": "Phone", "class.tablet": "Tablet", "class.computer": "Computer", "class.watch": "Watch", "class.vehicle": "Vehicle", "class.gadget": "Smart device", "class.": "Kind unknown",

  "who.title": "What it is", "who.unknown": "Unknown device", "who.unknown.text": "We do not know yet what it is. It is watched like any new device.", "who.class": "Kind", "who.model": "Model", "who.vendor": "Maker",
  "who.not-known": "unknown", "who.maker-unknown": "maker and model unknown", "who.maker": "Network part by", "who.why": "Why we think so", "who.no-why": "Nothing it does tells yet.",
  "who.sure": "We are sure", "who.probable": "Probably", "who.unsure": "Not sure", "who.nobody": "Not known", "who.owner": "You said so", "who.operator": "Your provider named it", "who.percent": "{n} % sure",
  "who.judged": "In the last 30 days it also looked like this: {class}. Until that is over, we judge it by the stricter of the two.",
  "who.judged.unknown": "It is judged like this: {class}.",
  "who.behind.one": "It speaks for {n} more device.", "who.behind.other": "It speaks for {n} more devices.", "who.behind.text": "They share its connection, so what holds for it holds for them.",

  "fix.open": "That is wrong", "fix.title": "What is it?", "fix.class": "Kind of device", "fix.keep": "I do not know", "fix.vendor": "Maker", "fix.model": "Model", "fix.send": "Save",
  "fix.care": "It is then never shut in by itself. If something is wrong, we ask you first.", "fix.plain": "From now on we judge it as such a device, at home at once.", "fix.need": "Choose a kind, or enter maker or model.",
  "fix.back": "Take back what you said", "fix.vote": "It counts as the word of one home. Other homes see nothing of yours.",

  "same.title": "The same device?", "same.maybe": "This may be the same device: {name}", "same.sure": "We are almost sure.", "same.probable": "It is likely.", "same.unsure": "It is possible.",
  "same.merge": "Yes, it is the same", "same.merge.text": "Both become one device with one history and one set of rules. You can undo it.", "same.leave": "If they are two devices, you need not do anything.",
  "same.merged": "It is one with", "same.merged.by.owner": "You said so.", "same.merged.by.gateway": "Your gateway saw it.", "same.split": "Undo: two devices", "same.split.text": "{mac} becomes a device of its own again. We do not put the two together by ourselves any more.",
  "same.question": "The same as another?",

  "exposed.title": "How exposed it is", "exposed.none": "We saw nothing that makes it easy to attack.", "exposed.look": "Have a look", "exposed.all": "Exposed devices", "exposed.all.text": "What could make your devices easier to attack, as far as we saw it, and what helps.",
  "exposed.home.none": "We saw nothing that makes your devices easy to attack.", "exposed.maybe": "Perhaps: it goes by the model or maker. Some versions have this, yours may not.", "exposed.certain": "This is certain.", "exposed.seen": "Seen since {first}, last {last}.",
  "exposed.evidence": "What we saw", "exposed.reference": "Reference", "exposed.source": "Says who", "exposed.port": "Port", "exposed.perhaps": "Perhaps", "exposed.nothing": "Nothing to do", "exposed.needs": "Worth a look", "exposed.safe": "Protected", "exposed.to-device": "To the device",
  "exposed.fine": "{n} more that need nothing",
  "kind.open-port": "Answers at home", "kind.internet": "Open to the internet", "kind.telnet": "Offers telnet", "kind.ftp": "Offers FTP", "kind.old-tls": "Old encryption", "kind.cleartext-login": "Login without encryption",
  "kind.exploited": "Known to be attacked", "kind.end-of-life": "No more updates",

  "guard.close": "Close the port", "guard.no-lan": "Internet only", "guard.vendor-only": "Only its maker",
  "guard.close.title": "Close the port to the internet?", "guard.no-lan.title": "Let it use the internet only?", "guard.vendor-only.title": "Let it reach only its maker?",
  "guard.close.text": "Nothing from the internet reaches {port} of this device any more. At home, and on its own way out, all goes on. If you use it directly from outside your home, that stops.",
  "guard.no-lan.text": "It goes on using the internet. It cannot reach your other devices, and they cannot reach it. Control, printing or playing from another device at home stops.",
  "guard.vendor-only.text": "It reaches its maker's services and nothing else. Updates, and its app by way of the maker, go on; other services on it stop, and so does control from another device at home.",
  "guard.port": "port {port}", "guard.ports": "any port", "guard.undo": "Take it back", "guard.held": "in force", "guard.title": "What protects it", "guard.back": "You can take it back at any time.",
} as const satisfies Record<string, string>;
