// German words about who a device is and how exposed it is: each key of the English ones, with the same {places}.
import type { en } from "./who.en";

export const de: Record<keyof typeof en, string> = {
  "class.camera": "Kamera", "class.doorbell": "Türklingel", "class.plug": "Steckdose oder Schalter", "class.light": "Licht", "class.sensor": "Sensor", "class.thermostat": "Thermostat",
  "class.hub": "Zentrale", "class.lock": "Türschloss", "class.alarm": "Alarmanlage", "class.medical": "Medizinisches Gerät", "class.scale": "Waage", "class.appliance": "Haushaltsgerät",
  "class.speaker": "Lautsprecher", "class.tv": "Fernseher", "class.console": "Spielkonsole", "class.printer": "Drucker", "class.nas": "Netzwerkspeicher", "class.router": "Router oder Repeater",
  "class.phone": "Telefon", "class.tablet": "Tablet", "class.computer": "Computer", "class.watch": "Uhr", "class.vehicle": "Fahrzeug", "class.gadget": "Smartes Gerät", "class.": "Art unbekannt",

  "who.title": "Was es ist", "who.unknown": "Unbekanntes Gerät", "who.unknown.text": "Wir wissen noch nicht, was es ist. Es wird beobachtet wie jedes neue Gerät.", "who.class": "Art", "who.model": "Modell", "who.vendor": "Hersteller",
  "who.not-known": "unbekannt", "who.maker-unknown": "Hersteller und Modell unbekannt", "who.maker": "Netzwerkteil von", "who.why": "Warum wir das denken", "who.no-why": "Noch sagt nichts, was es tut, etwas darüber.",
  "who.sure": "Wir sind sicher", "who.probable": "Wahrscheinlich", "who.unsure": "Nicht sicher", "who.nobody": "Nicht bekannt", "who.owner": "Sie haben es gesagt", "who.operator": "Ihr Anbieter hat es benannt", "who.percent": "zu {n} % sicher",
  "who.judged": "In den letzten 30 Tagen sah es auch so aus: {class}. Bis das vorbei ist, beurteilen wir es nach dem Strengeren von beiden.",
  "who.judged.unknown": "Es wird so beurteilt: {class}.",
  "who.behind.one": "Es spricht für {n} weiteres Gerät.", "who.behind.other": "Es spricht für {n} weitere Geräte.", "who.behind.text": "Sie teilen seine Verbindung. Was für es gilt, gilt auch für sie.",

  "fix.open": "Das stimmt nicht", "fix.title": "Was ist es?", "fix.class": "Art des Geräts", "fix.keep": "Weiß ich nicht", "fix.vendor": "Hersteller", "fix.model": "Modell", "fix.send": "Speichern",
  "fix.care": "Es wird dann nie von selbst eingesperrt. Wenn etwas nicht stimmt, fragen wir zuerst Sie.", "fix.plain": "Von jetzt an beurteilen wir es in Ihrem Zuhause als so ein Gerät.", "fix.need": "Wählen Sie eine Art, oder geben Sie Hersteller oder Modell ein.",
  "fix.back": "Zurücknehmen, was Sie gesagt haben", "fix.vote": "Es zählt als das Wort eines Zuhauses. Andere sehen nichts von Ihrem.",

  "same.title": "Dasselbe Gerät?", "same.maybe": "Das ist vielleicht dasselbe Gerät: {name}", "same.sure": "Wir sind fast sicher.", "same.probable": "Es ist wahrscheinlich.", "same.unsure": "Es ist möglich.",
  "same.merge": "Ja, es ist dasselbe", "same.merge.text": "Aus beiden wird ein Gerät mit einer Geschichte und gemeinsamen Regeln. Sie können es rückgängig machen.", "same.leave": "Wenn es zwei Geräte sind, brauchen Sie nichts zu tun.",
  "same.merged": "Es ist eins mit", "same.merged.by.owner": "Sie haben es gesagt.", "same.merged.by.gateway": "Ihr Gateway hat es erkannt.", "same.split": "Rückgängig: zwei Geräte", "same.split.text": "{mac} wird wieder ein eigenes Gerät. Von uns aus legen wir die beiden nicht mehr zusammen.",
  "same.question": "Dasselbe wie ein anderes?",

  "exposed.title": "Wie angreifbar es ist", "exposed.none": "Wir haben nichts gesehen, was es leicht angreifbar macht.", "exposed.look": "Ansehen", "exposed.all": "Angreifbare Geräte", "exposed.all.text": "Was Ihre Geräte leichter angreifbar machen könnte, soweit wir es gesehen haben, und was hilft.",
  "exposed.home.none": "Wir haben nichts gesehen, was Ihre Geräte leicht angreifbar macht.", "exposed.maybe": "Vielleicht: es geht nach Modell oder Hersteller. Manche Versionen haben das, Ihre vielleicht nicht.", "exposed.certain": "Das ist sicher.", "exposed.seen": "Gesehen seit {first}, zuletzt {last}.",
  "exposed.evidence": "Was wir gesehen haben", "exposed.reference": "Kennung", "exposed.source": "Wer es sagt", "exposed.port": "Port", "exposed.perhaps": "Vielleicht", "exposed.nothing": "Nichts zu tun", "exposed.needs": "Einen Blick wert", "exposed.safe": "Geschützt", "exposed.to-device": "Zum Gerät",
  "exposed.fine": "{n} weitere, die nichts brauchen",
  "kind.open-port": "Antwortet im Zuhause", "kind.internet": "Vom Internet erreichbar", "kind.telnet": "Bietet Telnet an", "kind.ftp": "Bietet FTP an", "kind.old-tls": "Alte Verschlüsselung", "kind.cleartext-login": "Anmeldung ohne Verschlüsselung",
  "kind.exploited": "Wird bekanntlich angegriffen", "kind.end-of-life": "Keine Updates mehr",

  "guard.close": "Port schließen", "guard.no-lan": "Nur Internet", "guard.vendor-only": "Nur sein Hersteller",
  "guard.close.title": "Den Port zum Internet schließen?", "guard.no-lan.title": "Nur das Internet erlauben?", "guard.vendor-only.title": "Nur seinen Hersteller erlauben?",
  "guard.close.text": "Aus dem Internet erreicht nichts mehr {port} dieses Geräts. Im Zuhause und auf seinem eigenen Weg hinaus geht alles weiter. Wenn Sie es von draußen direkt benutzen, hört das auf.",
  "guard.no-lan.text": "Es benutzt weiter das Internet. Es erreicht Ihre anderen Geräte nicht, und sie erreichen es nicht. Steuern, Drucken oder Abspielen von einem anderen Gerät zu Hause hört auf.",
  "guard.vendor-only.text": "Es erreicht die Dienste seines Herstellers und sonst nichts. Updates und seine App über den Hersteller gehen weiter; andere Dienste darauf hören auf, auch das Steuern von einem anderen Gerät zu Hause.",
  "guard.port": "Port {port}", "guard.ports": "irgendeinen Port", "guard.undo": "Zurücknehmen", "guard.held": "in Kraft", "guard.title": "Was es schützt", "guard.back": "Sie können es jederzeit zurücknehmen.",
};

interface Told { sure: string; maybe: string; advice: string }

// told says an exposure in German, by its kind: what the gateway writes about it is English, and stays among the details.
export const told: Record<string, Told> = {
  "open-port": { sure: "Es antwortet anderen Geräten in Ihrem Zuhause{port}.", maybe: "Es antwortet wohl anderen Geräten in Ihrem Zuhause{port}.", advice: "Schalten Sie das in seinen Einstellungen ab, wenn Sie es nicht benutzen." },
  "internet": { sure: "Es ist vom Internet aus erreichbar, oder es hat den Router darum gebeten{port}.", maybe: "Es ist wohl vom Internet aus erreichbar{port}.", advice: "Schließen Sie den Port, wenn Sie es nicht von draußen benutzen." },
  "telnet": { sure: "Es bietet Telnet an{port}. Das überträgt Passwörter unverschlüsselt.", maybe: "Es bietet wohl Telnet an{port}. Das überträgt Passwörter unverschlüsselt.", advice: "Schalten Sie Telnet in seinen Einstellungen ab. Geht das nicht, halten Sie es von Ihren anderen Geräten fern." },
  "ftp": { sure: "Es bietet FTP an{port}. Das überträgt Dateien und Passwörter unverschlüsselt.", maybe: "Es bietet wohl FTP an{port}. Das überträgt Dateien und Passwörter unverschlüsselt.", advice: "Schalten Sie FTP in seinen Einstellungen ab, wenn Sie es nicht benutzen." },
  "old-tls": { sure: "Es benutzt eine veraltete Verschlüsselung.", maybe: "Es benutzt wohl eine veraltete Verschlüsselung.", advice: "Installieren Sie seine neueste Software." },
  "cleartext-login": { sure: "Eine Anmeldung ging unverschlüsselt durchs Netz.", maybe: "Eine Anmeldung ging wohl unverschlüsselt durchs Netz.", advice: "Ändern Sie dieses Passwort, wenn Sie es auch anderswo benutzen, und schalten Sie Verschlüsselung ein, wenn es das kann." },
  "exploited": { sure: "Es hat eine Schwachstelle, die Angreifer bekanntlich ausnutzen.", maybe: "Manche Geräte dieser Art haben eine Schwachstelle, die Angreifer bekanntlich ausnutzen.", advice: "Installieren Sie seine neueste Software. Gibt es keine mehr, ersetzen Sie es, oder lassen Sie es nur zu seinem Hersteller." },
  "end-of-life": { sure: "Es bekommt keine Sicherheitsupdates mehr.", maybe: "Es bekommt wohl keine Sicherheitsupdates mehr.", advice: "Ersetzen Sie es, oder lassen Sie es nur zu seinem Hersteller." },
};
