// German. It has each key of the English words and the same {places} in them; a test compares.
import type { Words } from "./index";

export const de: Words = {
  "loading": "Wird geladen", "again": "Noch einmal", "more": "Mehr zeigen", "cancel": "Abbrechen",
  "name.none": "Ohne Namen",
  "time.unknown": "unbekannt", "time.never": "nie", "time.now": "gerade eben",
  "span.s": "{s} s", "span.m": "{m} min", "span.h": "{h} h {m} min", "span.d": "{d} T {h} h",

  "nav.main": "Hauptmenü", "nav.skip": "Zum Inhalt", "nav.which": "Zuhause", "nav.home": "Zuhause", "nav.devices": "Geräte", "nav.device": "Gerät",
  "nav.stopped": "Gestoppt", "nav.more": "Mehr", "nav.incidents": "Vorfälle", "nav.incident": "Vorfall", "nav.activity": "Wer hingesehen hat",
  "nav.support": "Zugang für die Hotline", "nav.notifications": "Benachrichtigungen", "nav.privacy": "Datenschutz", "nav.gateway": "Gateway",
  "nav.exposed": "Angreifbare Geräte",
  "nav.lost": "Diese Seite gibt es nicht", "nav.to-home": "Zur Startseite", "nav.no-home": "Zu diesem Konto gehört noch kein Zuhause. Ihr Anbieter kann es eintragen.",

  "net.as-of": "Keine Verbindung. Das ist der Stand von {time}.", "net.offline": "Keine Verbindung.",
  "problem.offline": "Es gibt keine Verbindung, und hier wurde nichts aufgehoben.",
  "problem.gateway-offline": "Ihr Gateway antwortet gerade nicht. Es schützt Ihr Zuhause von sich aus weiter.",
  "problem.forbidden": "Das dürfen Sie nicht sehen oder ändern.",
  "problem.not-found": "Das gibt es nicht oder nicht mehr.",
  "problem.too-many": "Das war zu oft. Warten Sie eine Minute und versuchen Sie es noch einmal.",
  "problem.failed": "Das hat nicht geklappt. Nichts wurde geändert.",
  "problem.look-required": "Sagen Sie zuerst, warum Sie dieses Zuhause ansehen müssen.",
  "problem.consent-required": "Niemand zu Hause hat dem zugestimmt.",

  "signin.title": "Anmelden", "signin.email": "E-Mail", "signin.password": "Passwort", "signin.button": "Anmelden", "signin.busy": "Wird angemeldet",
  "signin.wrong": "E-Mail und Passwort passen nicht, oder der Link wurde schon benutzt.",
  "signin.note": "Ihr Anbieter hat Ihnen einen Link oder ein Passwort gegeben. Ihr Gateway schützt Ihr Zuhause auch ohne Anmeldung.",

  "home.fine": "Alles in Ordnung", "home.attention": "Braucht Sie", "home.working": "Wir kümmern uns", "home.offline": "Gateway nicht erreichbar", "home.new": "Lernt Ihr Zuhause kennen",
  "home.last-seen": "Ihr Gateway hat zuletzt geantwortet:", "home.still": "Es schützt Ihr Zuhause von sich aus weiter.",
  "home.no-gateway": "Gateway verbinden", "home.unarmed": "Ihr Gateway beobachtet und sperrt noch nichts ein.",
  "home.waiting": "Eine Änderung ist unterwegs zu Ihrem Gateway.", "home.cards": "Was Sie braucht",
  "home.exposed.one": "{n} Gerät ist leichter angreifbar als nötig", "home.exposed.other": "{n} Geräte sind leichter angreifbar als nötig", "home.exposed.text": "Sehen Sie, was es ist und was hilft.",
  "home.stopped.none": "Heute musste nichts gestoppt werden", "home.today.one": "Heute wurde {n} Verbindung gestoppt.", "home.today.other": "Heute wurden {n} Verbindungen gestoppt.",
  "home.stopped.one": "{n} Verbindung wurde gestoppt.", "home.stopped.other": "{n} Verbindungen wurden gestoppt.",
  "home.trackers.one": "{n} Tracker wurde abgewiesen.", "home.trackers.other": "{n} Tracker wurden abgewiesen.",
  "home.week": "Diese Woche:", "home.week.calm": "Kein Vorfall.", "home.week.cases.one": "{n} Vorfall.", "home.week.cases.other": "{n} Vorfälle.", "home.week.all": "Alle Vorfälle",

  "map.title": "Ihr Zuhause jetzt", "map.gateway": "Gateway", "map.table": "Als Tabelle zeigen", "map.device": "Gerät", "map.state": "Zustand", "map.talks": "Spricht mit", "map.nobody": "gerade niemandem",
  "map.cut": "Ohne Verbindung sehen wir nicht, wer gerade spricht.", "map.offline": "Ihr Gateway antwortet nicht. Wir wissen nicht, wer gerade spricht. Letzte Antwort:", "map.waiting": "Wir fragen Ihr Gateway, wer gerade spricht.",
  "map.silent": "Gerade spricht kein Gerät.", "map.busy": "{busy} von {all} Geräten sprechen gerade, mit {parties} Firmen oder Servern draußen.",
  "map.held.one": "{names} ist eingesperrt.", "map.held.other": "{n} Geräte sind eingesperrt: {names}.",

  "devices.count.one": "{n} Gerät.", "devices.count.other": "{n} Geräte.", "devices.online.one": "{n} ist gerade da.", "devices.online.other": "{n} sind gerade da.",
  "devices.none": "Noch wurde kein Gerät gesehen. Es erscheint, sobald es das Netz benutzt.", "devices.talks": "Spricht mit", "devices.silent": "Da, gerade still", "devices.seen": "Zuletzt gesehen",

  "device.fine": "In Ordnung", "device.away": "Nicht da", "device.held": "Eingesperrt", "device.probation": "Wird beobachtet", "device.incident": "Braucht Sie",
  "device.here": "gerade da", "device.protected": "Es wird nie von selbst eingesperrt.", "device.see-incident": "Was war und was zu tun ist",
  "device.shut-in": "Einsperren", "device.shut-in.title": "Dieses Gerät einsperren?", "device.shut-in.text": "Es erreicht nur noch Ihr Gateway, bis Sie es herauslassen. Ihre anderen Geräte laufen weiter.",
  "device.release": "Herauslassen", "device.now": "Spricht jetzt mit", "device.rules": "Was Sie entschieden haben", "device.blocked": "Gesperrt", "device.allowed": "Durchgelassen", "device.block": "Sperren",
  "device.unblock": "Entsperren", "device.disallow": "Wieder stoppen", "device.week": "Sieben Tage", "device.about": "Im Netz", "device.first": "Zuerst gesehen",
  "device.coverage": "Benennen konnten wir", "device.coverage.text": "Alles bis auf {share} % seines Verkehrs.", "device.port": "Anschluss", "device.port.own": "an einem eigenen Anschluss", "device.port.shared": "an einem Anschluss mit anderen",
  "device.macs.one": "Es hat {n} Hardware-Adresse benutzt.", "device.macs.other": "Es hat {n} Hardware-Adressen benutzt.",

  "live.live": "Live", "live.offline": "Ihr Gateway antwortet gerade nicht. Letzte Antwort:", "live.silent": "Es spricht gerade mit niemandem.",
  "live.private": "Das kommt gerade jetzt von Ihrem Gateway. Wir heben es nicht auf.",
  "verdict.allow": "Durchgelassen", "verdict.watch": "Beobachtet", "verdict.block": "Gestoppt", "verdict.contain": "Eingesperrt", "verdict.none": "Nicht entschieden",
  "usual.device": "für es üblich", "usual.model": "für seine Art üblich", "usual.not": "neu für es", "usual.unknown": "noch unbekannt, wie üblich",
  "listed.yes": "auf einer Liste: {what}", "listed.no": "auf keiner Liste", "contact.local": "in Ihrem Zuhause", "contact.inbound": "kam von draußen", "contact.lookup": "nur nachgeschlagen",
  "contact.endpoint": "Gegenstelle", "contact.flows": "Verbindungen", "contact.failed": "gescheitert", "contact.named": "Benannt durch", "contact.list": "Liste",
  "class.malware": "Schadprogramm", "class.phishing": "Betrug", "class.tracking": "Tracking", "class.bypass": "verbirgt, was ein Gerät tut", "class.owner": "von Ihnen gesperrt",

  "week.sentence": "{total} in sieben Tagen, hin und her.", "week.day": "Tag", "week.up": "Gesendet", "week.down": "Empfangen",
  "strip.none": "Heute nicht aktiv.", "strip.hours": "Heute in {n} Stunden aktiv, zwischen {from} und {to}.",

  "incidents.none": "Es gab keinen Vorfall.",
  "case.open": "Gefunden", "case.contained": "Eingesperrt", "case.cleaning": "Wird gereinigt", "case.probation": "Auf Bewährung", "case.closed": "Abgeschlossen", "case.": "–",
  "by.gateway": "von Ihrem Gateway", "by.owner": "von Ihnen", "by.support": "von der Hotline", "by.cloud": "von der Cloud", "by.resident": "von Ihnen",
  "mode.off": "Nichts wird zurückgehalten", "mode.no-lan": "Internet ja, andere Geräte nein", "mode.profile-only": "Nur was für seine Art üblich ist", "mode.vendor-only": "Nur die Server seines Herstellers", "mode.update-only": "Nur Updates", "mode.quarantine": "Erreicht nur Ihr Gateway",
  "grade.port": "Es ist an seinem eigenen Anschluss getrennt, vom Internet und von Ihren anderen Geräten.", "grade.station": "Es ist am WLAN-Zugangspunkt getrennt.",
  "grade.mac": "Es ist vom Internet getrennt. Geräte am selben Switch oder Zugangspunkt erreichen es noch.", "grade.none": "Das ist noch nicht in Kraft.",
  "strength.hard": "Wir sind sicher", "strength.soft": "Ein Anzeichen, kein Beweis",
  "incident.since": "seit", "incident.code": "Code", "incident.happened": "Was geschah", "incident.did": "Was wir getan haben", "incident.todo": "Was zu tun ist", "incident.todo.none": "Nichts. Wir beobachten weiter.",
  "incident.evidence": "Woher wir es wissen", "incident.timeline": "Was wann war", "incident.changed": "Letzte Änderung", "incident.phone": "Am Telefon",
  "incident.phone.text": "Rufen Sie {name} unter {phone} an und nennen Sie diesen Code.", "incident.phone.none": "Nennen Sie diesen Code der Hotline Ihres Anbieters.",
  "evidence.expert": "Einzelheiten", "evidence.none": "Es sind keine Belege mehr aufgehoben.",
  "do.check": "Noch einmal prüfen", "do.release": "Herauslassen", "do.dismiss": "Das war ich", "do.quarantine": "Einsperren", "do.allow": "Durchlassen", "do.block": "Sperren",
  "sure.release": "Herauslassen?", "sure.release.text": "{name} darf wieder ins Netz. Wir beobachten es genau und sperren es wieder ein, wenn es dasselbe tut.",
  "sure.dismiss": "Waren Sie das?", "sure.dismiss.text": "Wir schließen den Vorfall und lassen {name} weitermachen. Wir rechnen ihm das nicht mehr an.",
  "verb.check": "Prüfung", "verb.release": "Herauslassen", "verb.dismiss": "Das war ich", "verb.quarantine": "Einsperren", "verb.block": "Sperren", "verb.unblock": "Entsperren", "verb.allow": "Durchlassen", "verb.disallow": "Wieder stoppen",
  "verb.identify": "Was es ist", "verb.merge": "Ein Gerät", "verb.split": "Zwei Geräte", "verb.protect": "Schutz", "verb.unprotect": "Ende des Schutzes",
  "order.asked": "verlangt, wartet auf Ihr Gateway", "order.in_force": "in Kraft", "order.checked": "erledigt", "order.failed": "fehlgeschlagen", "order.expired": "fehlgeschlagen: Ihr Gateway hat nicht rechtzeitig geantwortet",
  "check.title": "Die letzte Prüfung", "check.progress": "Wie lange es schon still ist", "check.quiet": "Still seit {have} von {need}.",

  "stopped.title": "Heute gestoppt", "stopped.trackers": "Sie werden gezählt, nicht aufgelistet.", "stopped.none": "Sonst musste heute nichts gestoppt werden.", "stopped.allow": "Durchlassen",
  "stopped.times.one": "einmal", "stopped.times.other": "{n}-mal",

  "activity.text": "Wer Einzelheiten Ihres Zuhauses ansieht, wird aufgeschrieben: von uns und von Ihrem Gateway selbst.", "activity.none": "Niemand hat hingesehen.", "activity.reason": "Grund: {reason}", "activity.refused": "von Ihrem Gateway abgelehnt",
  "act.get": "Gelesen", "act.ask": "Hat das Gateway gefragt", "act.confirm": "Hat ein Gateway bestätigt", "act.consent-revoked": "Hat den Zugang der Hotline beendet", "act.enrol": "Ein Gateway kam dazu", "act.key": "Hat einen Schlüssel hinzugefügt", "act.revoke": "Hat einem Gateway das Vertrauen entzogen",
  "act.look": "Hat dieses Zuhause angesehen", "act.order": "Hat eine Änderung verlangt", "act.contacts": "Hat nach dem Verkehr gefragt", "act.sign-in": "Hat sich angemeldet", "act.export": "Hat die Daten mitgenommen", "act.erase": "Hat die Daten gelöscht", "act.claim": "Hat einen Code für ein Gateway gemacht", "act.consent": "Hat der Hotline Zugang gegeben",
  "source.cloud": "Von uns aufgeschrieben", "source.gateway": "Von Ihrem Gateway aufgeschrieben",

  "more.incidents": "Was früher war", "more.notifications": "Wie wir Ihnen Bescheid geben", "more.activity": "Jeder Blick auf Ihr Zuhause", "more.support": "Die Hotline für eine Weile den Verkehr sehen lassen", "more.gateway": "Verbinden oder ersetzen",
  "more.privacy": "Ihre Daten: mitnehmen, löschen", "more.help": "Hilfe", "more.help.text": "{name} hilft am Telefon. Zu jedem Vorfall gibt es einen kurzen Code.", "more.help.none": "Ihr Anbieter hilft. Zu jedem Vorfall gibt es einen kurzen Code.", "more.language": "Sprache", "more.sign-out": "Abmelden",

  "gateway.seen": "Letzte Antwort", "gateway.none": "Noch ist kein Gateway verbunden.", "gateway.new": "Ein Gateway verbinden", "gateway.new.text": "Machen Sie einen Code und geben Sie ihn am Gateway ein. Er gilt einmal, 15 Minuten lang. Ein Gateway, das ein anderes ersetzt, beginnt ohne Vorgeschichte.",
  "gateway.code": "Code machen", "gateway.qr": "Der Code als Bild zum Scannen", "gateway.until": "Gültig bis {time}.", "gateway.active": "Aktiv", "gateway.waiting": "Wartet auf Sie", "gateway.revoked": "Nicht mehr vertrauenswürdig", "gateway.since": "Seit",
  "gateway.confirm.text": "Dieses Gateway möchte Ihres ersetzen. Bestätigen Sie es nur, wenn es Ihr eigenes ist.", "gateway.confirm": "Das ist meins",

  "support.text": "Die Hotline sieht Ihre Geräte und Vorfälle, und jeder Blick wird aufgeschrieben. Den Verkehr sieht sie nur, solange Sie es erlauben.", "support.give": "Blick auf den Verkehr erlauben", "support.long": "Wie lange", "support.hour": "1 Stunde", "support.hours": "4 Stunden", "support.day": "24 Stunden",
  "support.no-gateway": "Verbinden Sie zuerst ein Gateway.", "support.button": "Erlauben", "support.signed": "Dieser Browser unterschreibt es mit einem eigenen Schlüssel. Ihr Gateway prüft es und führt Buch.", "support.given": "Was Sie erlaubt haben", "support.none": "Nichts ist erlaubt.", "support.holds": "Jetzt erlaubt", "support.over": "Vorbei", "support.revoked": "Von Ihnen beendet", "support.until": "Bis {time}", "support.end": "Jetzt beenden",
  "support.stranger": "Dieser Browser ist neu", "support.stranger.text": "Ihr Gateway kennt den Schlüssel eines anderen Browsers. Öffnen Sie dort diese Seite, wählen Sie „Einem weiteren Browser erlauben“ und geben Sie diesen Text ein.",
  "support.another": "Einem weiteren Browser erlauben", "support.another.text": "Der Text, den der andere Browser zeigt", "support.another.button": "Erlauben", "support.another.done": "Der andere Browser darf es jetzt erlauben.",

  "notify.text": "Wir schreiben nur, wenn etwas Sie braucht.", "notify.email": "E-Mail", "notify.email.text": "An die Adresse Ihres Kontos.", "notify.push": "Push-Nachrichten", "notify.push.text": "Auf jedem Browser, in dem Sie sie einschalten.",
  "push.here": "Dieser Browser", "push.unsupported": "Dieser Browser kann keine Push-Nachrichten zeigen. Legen Sie die App am Telefon zuerst auf den Startbildschirm.", "push.denied": "Dieser Browser sperrt Nachrichten von hier. Das lässt sich in seinen Einstellungen ändern.", "push.on": "Push-Nachrichten kommen in diesem Browser an.", "push.off": "Push-Nachrichten kommen in diesem Browser noch nicht an.", "push.turn-on": "Hier einschalten", "push.turn-off": "Hier ausschalten", "push.failed": "Das hat nicht geklappt. Der Browser oder sein Push-Dienst hat abgelehnt.",

  "privacy.where": "Was wo aufgehoben wird", "privacy.gateway": "Auf Ihrem Gateway: mit wem Ihre Geräte gesprochen haben, für einige Tage. Es verlässt Ihr Zuhause nur, wenn Sie es ansehen.", "privacy.cloud": "Bei Ihrem Anbieter: Ihre Geräte, Vorfälle, was gestoppt wurde, und Summen je Stunde mit verschlüsselten Zielen.", "privacy.browser": "In diesem Browser: der letzte bekannte Stand, damit er ohne Verbindung aufgeht. Abmelden entfernt ihn.",
  "privacy.export": "Mitnehmen", "privacy.export.text": "Eine Datei mit allem, was über dieses Zuhause gespeichert ist.", "privacy.export.button": "Datei sichern",
  "privacy.erase": "Daten löschen", "privacy.erase.text": "Alles, was Ihr Anbieter über die Geräte dieses Zuhauses gespeichert hat, wird gelöscht. Ihr Gateway schützt es weiter.", "privacy.erase.button": "Löschen", "privacy.erase.confirm": "Tippen Sie zum Löschen den Namen des Zuhauses: {name}", "privacy.erased": "Die Daten sind gelöscht.",
};
