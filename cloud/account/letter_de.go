package account

// lettersDE are the letters in German.
var lettersDE = map[string]written{
	"invitation": {"Einladung in ein Zuhause bei {provider}", `Sie wurden in „{home}“ eingeladen, ein Zuhause, das {provider} schützt.

Um anzunehmen, öffnen Sie diesen Link innerhalb von 7 Tagen:

{link}

Er gilt einmal. Wenn Sie nicht wissen, wer Sie eingeladen hat, tun Sie nichts.
`},
	"recovery": {"Ein neues Passwort für {provider}", `Jemand hat um ein neues Passwort für Ihr Konto bei {provider} gebeten. Wenn Sie das waren, öffnen Sie innerhalb einer Stunde diesen Link:

{link}

Er gilt einmal. Wenn Sie es nicht waren, tun Sie nichts: Ihr Passwort bleibt, wie es ist.
`},
}
