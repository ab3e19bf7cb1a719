package help

func english(p Provider) Text {
	return Text{Title: "What {CSP} does for your network, and what only you can do", Sections: []Section{
		{ID: "why", Title: "Why we look after it", Paragraphs: []string{
			"Cameras, plugs and computers get infected without anybody noticing. They then attack others, spy, or steal passwords, over your line.",
			"Your gateway compares what a device does with what is known to be bad and with what such devices usually do. It does so at your home.",
		}},
		{ID: "what-we-do", Title: "What {CSP} does", Paragraphs: []string{
			"First we stop the harm: we cut what steers the device, close ports that malware opened, and keep the device away from your others.",
			"Only the one device is held, never your whole home. Telephony, games and your other devices go on. A device that is shut in reaches your gateway's help page only. When a step asks for an update or a scan, it reaches its updates meanwhile, and a computer, phone or tablet the makers of virus scanners.",
			"Medical and alarm devices, and whatever is your only way to the internet, are never isolated by themselves.",
			"We do not read what you send. We look at whom a device talks to, not at what it says. We never probe your devices from outside.",
		}},
		{ID: "what-only-you-can-do", Title: "What only you can do", Paragraphs: []string{
			"We cannot reach into a device. These steps are yours, and the app leads you through them one at a time. Your gateway checks after each.",
		}, Steps: []string{
			"Find the device. The app names it; if it only says a kind of device, compare its maker and what is switched on.",
			"Back up what is on it and matters to you, before you reset anything.",
			"Install its updates, and turn on automatic updates.",
			"Give it a new password that you use nowhere else. If somebody may have read passwords on it, change those too, from another device.",
			"Restart it, or set it back to how it was when new, as the app says.",
			"Say in the app that it is done. Your gateway watches whether it is quiet and lets it back step by step.",
		}},
		{ID: "leave", Title: "If you want it out sooner", Paragraphs: []string{
			"You can always decide otherwise: in the app, or on the help page with the code on the gateway's label. Malware on the device cannot do that for you.",
			"Medicine, an alarm, work that cannot wait: let it out, and tell us. We keep a note of who decided what and when, and you can read it.",
		}},
		{ID: "genuine", Title: "Is a message really from {CSP}?", Paragraphs: []string{
			"Each message of ours carries a check code. Enter it at {genuine} or in the app under Help: it says when and by which way we sent it. If the time does not fit, the message was copied.",
			"We never ask for your password, never for money, and no text message of ours has a link. You need not follow a link at all: open the app yourself, or call {phone}.",
		}},
		{ID: "prevention", Title: "So that it does not happen", Steps: []string{
			"Let devices update themselves, and replace those that get no updates any more.",
			"Give each device a password of its own, and turn on a second factor for your accounts.",
			"Open no port to the internet that you do not need. The app shows those that are open.",
			"Keep backups, one of them unplugged.",
			"Install programs only from their makers or from your system's store.",
		}},
		{ID: "help", Title: "If you need more help", Paragraphs: []string{
			"Call {phone} and give the four characters that the app shows at your case. That help is part of what you pay already.",
			"A computer shop or somebody you trust can clean a device too. We sell no cleaning, we earn nothing when you buy help elsewhere, and nothing you pay changes how you are protected.",
		}, Links: []Link{{"Support of {CSP}", p.Support}}},
		{ID: "police", Title: "If somebody did you harm", Paragraphs: []string{
			"If money, passwords or pictures were stolen, report it to the police. Keep what you have: messages, times, the case in the app.",
		}, Links: []Link{{"Where to report a crime on the internet, by country", or(p.Police, police)}}},
		{ID: "privacy", Title: "What becomes of what we know", Paragraphs: []string{
			"Whom your devices talk to is kept on your gateway. What goes to {CSP}, why, and for how many days, the app shows under Privacy. There you can also get all of it, or erase it.",
			"Homes that help each other learn together what is normal for a kind of device. Whether yours does is shown in the app under Privacy, with what is told and who gets it. Unless the terms of {CSP} say otherwise it begins with your yes, and you can take it back at any time.",
			"Nothing else is shared with others. Support sees whom your devices talk to when you agree, for a day at most.",
		}},
		{ID: "survey", Title: "Tell us how it went", Paragraphs: []string{
			"When a case is closed, tell us whether the steps were clear, in the survey if there is one below, or on the phone. That is up to you.",
		}, Links: []Link{{"Survey", p.Survey}}},
	}}
}
