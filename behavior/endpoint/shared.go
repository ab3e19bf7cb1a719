package endpoint

import "strings"

// sharedUnder are suffixes below which anybody can be a customer, so that a name there tells nothing of who is behind it:
// hosting, content networks, clouds' machines, tunnels, dynamic DNS. Facts of their operators' documentation.
var sharedUnder = set(`
	amazonaws.com cloudfront.net elasticbeanstalk.com awsglobalaccelerator.com awsapprunner.com lambda-url.on.aws
	azureedge.net azurewebsites.net azurefd.net cloudapp.net cloudapp.azure.com core.windows.net trafficmanager.net azure-api.net
	googleusercontent.com appspot.com run.app web.app firebaseapp.com firebaseio.com cloudfunctions.net
	akamai.net akamaiedge.net akamaized.net akamaihd.net edgekey.net edgesuite.net akadns.net
	fastly.net fastlylb.net cdn77.org b-cdn.net stackpathcdn.com llnwd.net edgecastcdn.net cloudflare.net workers.dev pages.dev r2.dev trycloudflare.com
	aliyuncs.com alicdn.com kunlunsl.com myqcloud.com tencentcos.cn bcebos.com myhuaweicloud.com
	digitaloceanspaces.com ondigitalocean.app linodeobjects.com linodeusercontent.com vultr.com vultrusercontent.com ovh.net your-server.de hetzner.cloud
	herokuapp.com netlify.app vercel.app onrender.com fly.dev github.io githubusercontent.com gitlab.io glitch.me repl.co
	ngrok.io ngrok-free.app ngrok.app loca.lt serveo.net
	duckdns.org no-ip.org no-ip.com ddns.net hopto.org zapto.org sytes.net dyndns.org dynu.net freedns.afraid.org afraid.org myftp.org servehttp.com dynv6.net
	wixsite.com weebly.com blogspot.com wordpress.com 000webhostapp.com infinityfreeapp.com
	discordapp.com discord.com telegram.org t.me pastebin.com paste.ee transfer.sh anonfiles.com dropbox.com dropboxusercontent.com mediafire.com mega.nz
`)

// wideDomains are used by devices of all kinds: platforms, connectivity checks, time. Not those under which anybody is a customer.
var wideDomains = set(`
	google.com googleapis.com gstatic.com google-analytics.com youtube.com ytimg.com ggpht.com gvt1.com android.com doubleclick.net
	apple.com icloud.com mzstatic.com apple-dns.net aaplimg.com me.com itunes.com
	microsoft.com windows.com windowsupdate.com msftncsi.com msftconnecttest.com live.com office.com office365.com bing.com skype.com
	amazon.com media-amazon.com amazon-dss.com amazonalexa.com
	ntp.org windows.net cloudflare.com cloudflare-dns.com quad9.net dns.google one.one nist.gov ubuntu.com debian.org fedoraproject.org
	digicert.com letsencrypt.org lencr.org sectigo.com globalsign.com entrust.net verisign.com
	netflix.com nflxvideo.net spotify.com scdn.co facebook.com fbcdn.net whatsapp.net whatsapp.com instagram.com
`)

func set(list string) map[string]bool {
	m := map[string]bool{}
	for s := range strings.FieldsSeq(list) {
		m[s] = true
	}
	return m
}

// shared says whether a name is, or is below, a suffix that anybody may be a customer under.
func shared(name string) bool { return under(sharedUnder, name) }

// wide says whether a name is, or is below, a domain that devices of all kinds use. Some of these are public suffixes
// (googleapis.com), so that the registrable domain does not tell.
func wide(name string) bool { return under(wideDomains, name) }

func under(set map[string]bool, name string) bool {
	for rest := name; ; {
		if set[rest] {
			return true
		}
		dot := strings.IndexByte(rest, '.')
		if dot < 0 {
			return false
		}
		rest = rest[dot+1:]
	}
}
