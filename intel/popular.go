package intel

import "strings"

// popular are names that very many people use, written down by hand, by what they are for: what a list of malware has of these, it has by
// mistake. Public suffixes are not among them: no list may have those anyway. It is no ranking, and a provider's own file adds to it.
const popular = `
google.com google.de google.fr google.it google.es google.co.uk google.co.in google.co.jp google.com.br google.com.mx google.pl google.ca
google.com.au google.com.tr google.nl bing.com yahoo.com yahoo.co.jp duckduckgo.com baidu.com yandex.ru yandex.com ya.ru naver.com daum.net
ecosia.org startpage.com qwant.com seznam.cz sogou.com so.com ask.com msn.com wikipedia.org wikimedia.org wiktionary.org wikihow.com
britannica.com quora.com archive.org

gmail.com outlook.com hotmail.com live.com aol.com gmx.net gmx.de gmx.com web.de t-online.de mail.ru rambler.ru protonmail.com proton.me
zoho.com icloud.com libero.it laposte.net orange.fr free.fr wp.pl onet.pl interia.pl o2.pl qq.com 163.com 126.com sina.com.cn freenet.de
posteo.de fastmail.com tutanota.com tuta.com

facebook.com instagram.com whatsapp.com messenger.com twitter.com x.com tiktok.com snapchat.com linkedin.com pinterest.com reddit.com
tumblr.com vk.com ok.ru weibo.com wechat.com telegram.org t.me signal.org discord.com threads.net bsky.app mastodon.social xing.com line.me
viber.com kakao.com nextdoor.com meetup.com skype.com zoom.us slack.com tinder.com bumble.com badoo.com

youtube.com netflix.com twitch.tv vimeo.com dailymotion.com bilibili.com hulu.com disneyplus.com primevideo.com hbomax.com max.com
paramountplus.com peacocktv.com crunchyroll.com rutube.ru youku.com iqiyi.com nicovideo.jp spotify.com soundcloud.com deezer.com tidal.com
pandora.com ardmediathek.de zdf.de rtl.de joyn.de rai.it rtve.es france.tv tf1.fr svtplay.se hotstar.com globoplay.globo.com imdb.com
steampowered.com steamcommunity.com epicgames.com roblox.com minecraft.net playstation.com xbox.com nintendo.com ea.com ubisoft.com
blizzard.com riotgames.com leagueoflegends.com chess.com

amazon.com amazon.de amazon.co.uk amazon.fr amazon.it amazon.es amazon.co.jp amazon.in amazon.ca amazon.com.br amazon.com.au ebay.com ebay.de
ebay.co.uk aliexpress.com alibaba.com taobao.com tmall.com jd.com temu.com shein.com walmart.com target.com bestbuy.com costco.com
homedepot.com etsy.com ikea.com zalando.de zalando.com otto.de mediamarkt.de saturn.de lidl.de aldi.de rewe.de dm.de kleinanzeigen.de
idealo.de allegro.pl bol.com coolblue.nl cdiscount.com fnac.com leboncoin.fr subito.it marktplaats.nl willhaben.at ricardo.ch rakuten.co.jp
coupang.com flipkart.com mercadolivre.com.br mercadolibre.com.mx mercadolibre.com.ar ozon.ru wildberries.ru avito.ru craigslist.org
argos.co.uk tesco.com sainsburys.co.uk decathlon.com zara.com hm.com nike.com adidas.com booking.com airbnb.com expedia.com tripadvisor.com
uber.com lyft.com bahn.de sncf-connect.com trainline.com lufthansa.com ryanair.com easyjet.com dhl.com dhl.de ups.com fedex.com usps.com
royalmail.com dpd.com hermesworld.com

paypal.com visa.com mastercard.com americanexpress.com stripe.com klarna.com wise.com revolut.com n26.com westernunion.com alipay.com
cash.app venmo.com coinbase.com binance.com kraken.com
chase.com bankofamerica.com wellsfargo.com citi.com capitalone.com usbank.com pnc.com discover.com schwab.com fidelity.com vanguard.com
td.com rbc.com rbcroyalbank.com scotiabank.com bmo.com cibc.com
hsbc.com hsbc.co.uk barclays.co.uk lloydsbank.com natwest.com halifax.co.uk santander.co.uk nationwide.co.uk monzo.com starlingbank.com aib.ie
bankofireland.com
sparkasse.de deutsche-bank.de commerzbank.de ing.de dkb.de postbank.de comdirect.de volksbank.de targobank.de sparda.de hypovereinsbank.de
consorsbank.de erstebank.at sparkasse.at raiffeisen.at bankaustria.at ubs.com raiffeisen.ch postfinance.ch zkb.ch
bnpparibas.com bnpparibas.net credit-agricole.fr societegenerale.fr labanquepostale.fr creditmutuel.fr boursorama.com boursobank.com
intesasanpaolo.com unicredit.it poste.it bancobpm.it fineco.it finecobank.com santander.com bancosantander.es bbva.com bbva.es caixabank.es
bankinter.com cgd.pt millenniumbcp.pt ing.nl rabobank.nl abnamro.nl ing.be kbc.be belfius.be
nordea.com nordea.fi nordea.se danskebank.dk swedbank.se seb.se handelsbanken.se dnb.no op.fi
pkobp.pl mbank.pl ing.pl santander.pl csob.cz csas.cz kb.cz otpbank.hu bancatransilvania.ro
sberbank.ru tinkoff.ru vtb.ru alfabank.ru garanti.com.tr garantibbva.com.tr isbank.com.tr akbank.com ziraatbank.com.tr
itau.com.br bradesco.com.br bb.com.br caixa.gov.br nubank.com.br santander.com.br bancolombia.com bbva.mx banamex.com
icbc.com.cn ccb.com bankofchina.com cmbchina.com mufg.jp smbc.co.jp mizuhobank.co.jp kbstar.com shinhan.com
hdfcbank.com icicibank.com onlinesbi.sbi sbi.co.in axisbank.com paytm.com dbs.com dbs.com.sg ocbc.com uob.com.sg maybank2u.com.my
bca.co.id commbank.com.au westpac.com.au nab.com.au anz.com anz.com.au asb.co.nz
fnb.co.za standardbank.co.za absa.co.za capitecbank.co.za nedbank.co.za gtbank.com equitybank.co.ke emiratesnbd.com alrajhibank.com.sa

cnn.com nytimes.com washingtonpost.com wsj.com usatoday.com foxnews.com nbcnews.com npr.org bloomberg.com reuters.com apnews.com forbes.com
bbc.com bbc.co.uk theguardian.com dailymail.co.uk telegraph.co.uk independent.co.uk sky.com ft.com economist.com
spiegel.de bild.de zeit.de faz.net sueddeutsche.de welt.de tagesschau.de n-tv.de focus.de stern.de t3n.de heise.de golem.de derstandard.at
orf.at srf.ch nzz.ch 20min.ch lemonde.fr lefigaro.fr liberation.fr ouest-france.fr francetvinfo.fr corriere.it repubblica.it ansa.it
elpais.com elmundo.es marca.com abc.es publico.pt nos.nl nu.nl telegraaf.nl hln.be vrt.be aftonbladet.se expressen.se dr.dk vg.no nrk.no
yle.fi hs.fi gazeta.pl idnes.cz index.hu hurriyet.com.tr rt.com lenta.ru globo.com uol.com.br folha.uol.com.br clarin.com infobae.com
eluniversal.com.mx aljazeera.com timesofindia.indiatimes.com ndtv.com abc.net.au news.com.au asahi.com yomiuri.co.jp nhk.or.jp espn.com
weather.com accuweather.com wetter.com wetteronline.de

apps.apple.com play.google.com microsoft.com apple.com adobe.com mozilla.org opera.com brave.com ubuntu.com debian.org kernel.org github.com
gitlab.com stackoverflow.com npmjs.com pypi.org docker.com dropbox.com wetransfer.com canva.com notion.so figma.com openai.com chatgpt.com
claude.ai gemini.google.com deepl.com grammarly.com wordpress.org wordpress.com medium.com substack.com wix.com squarespace.com shopify.com
salesforce.com oracle.com ibm.com intel.com nvidia.com amd.com dell.com hp.com lenovo.com samsung.com huawei.com mi.com sony.com f-droid.org
apkpure.com aptoide.com galaxystore.samsung.com

cloudflare.com fastly.net amazonaws.com azure.com
jsdelivr.net unpkg.com cdnjs.cloudflare.com bootstrapcdn.com gstatic.com ytimg.com fbcdn.net twimg.com
bunnycdn.com b-cdn.net cdn77.org stackpathcdn.com cachefly.net llnwd.net jquery.com typekit.net gravatar.com

pornhub.com xvideos.com xnxx.com xhamster.com redtube.com youporn.com spankbang.com eporner.com chaturbate.com stripchat.com bongacams.com
livejasmin.com onlyfans.com fansly.com brazzers.com beeg.com tube8.com txxx.com hqporner.com rule34.xxx nhentai.net e-hentai.org dmm.co.jp

usa.gov irs.gov nih.gov nasa.gov who.int un.org europa.eu bund.de elster.de arbeitsagentur.de service-public.fr impots.gouv.fr ameli.fr
harvard.edu mit.edu stanford.edu ox.ac.uk cam.ac.uk duolingo.com coursera.org udemy.com khanacademy.org moodle.org doctolib.fr
doctolib.de webmd.com mayoclinic.org
`

// Popular are those names.
func Popular() []string { return strings.Fields(popular) }
