package record

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"

	"cardea/lab"
	"cardea/lab/plan"
)

// browsing is HTTP and TLS to the internet, and a description that is fetched at home.
var browsing = []Scenario{
	{Name: "curl-http", Words: "curl asks for a page with its own User-Agent, busybox wget with a product's",
		Needs: []string{"curl", "busybox"}, run: plainWeb},
	{Name: "curl-tls13", Words: "curl speaks TLS 1.3", Needs: []string{"curl"}, run: tlsWeb("--tlsv1.3")},
	{Name: "curl-tls12", Words: "curl speaks TLS 1.2 at most", Needs: []string{"curl"}, run: tlsWeb("--tls-max", "1.2")},
	{Name: "openssl-tls", Words: "openssl speaks TLS without more", Needs: []string{"openssl"}, run: opensslWeb},
	{Name: "curl-ssh", Words: "curl asks an SSH server for a file", Needs: []string{"curl"}, run: sshBanner},
	{Name: "minissdpd", Words: "minissdpd looks for UPnP devices, a television answers, curl fetches its description",
		Needs: []string{"minissdpd", "curl"}, run: television},
}

func plainWeb(ctx context.Context, s *Stage) error {
	if _, err := s.settle(ctx, s.client); err != nil {
		return err
	}
	if err := s.try(ctx, "curl", "-4", "-sS", "-o", "/dev/null", "http://"+plan.CheckName+"/generate_204"); err != nil {
		return err
	}
	return s.try(ctx, "busybox", "wget", "-q", "-O", "/dev/null", "-U", "HeatHub/3.2 (fw 1.18.4; board hh2)", "http://"+plan.Updates+"/hh2/latest")
}

func tlsWeb(args ...string) func(context.Context, *Stage) error {
	return func(ctx context.Context, s *Stage) error {
		if _, err := s.settle(ctx, s.client); err != nil {
			return err
		}
		argv := append([]string{"curl", "-4", "-sS", "-o", "/dev/null", "--cacert", lab.CAFile}, args...)
		return s.try(ctx, append(argv, "https://"+plan.Updates+"/")...)
	}
}

func opensslWeb(ctx context.Context, s *Stage) error {
	if _, err := s.settle(ctx, s.client); err != nil {
		return err
	}
	return s.try(ctx, "sh", "-c", `exec openssl s_client -4 -verify_return_error -CAfile "$1" -connect "$2:443" -servername "$2" </dev/null >/dev/null`,
		"sh", lab.CAFile, plan.Updates)
}

// sshBanner: the client says who it is after the server has; the connection ends there.
func sshBanner(ctx context.Context, s *Stage) error {
	_, peer, err := s.join(ctx)
	if err != nil {
		return err
	}
	err = s.listen(s.peer, netip.AddrPortFrom(peer, 22), func(c net.Conn) {
		_, _ = io.WriteString(c, "SSH-2.0-dropbear_2019.78\r\n")
		_, _ = c.Read(make([]byte, 256))
	})
	if err != nil {
		return err
	}
	_ = s.try(ctx, "curl", "-sS", "-k", "-u", "nobody:", "sftp://"+peer.String()+"/") // it fails, as it must
	return s.tap.seen(ctx, "SSH-2.0-libssh2")
}

const description = `<?xml version="1.0"?>
<root xmlns="urn:schemas-upnp-org:device-1-0"><specVersion><major>1</major><minor>0</minor></specVersion>
<device><deviceType>urn:schemas-upnp-org:device:MediaRenderer:1</deviceType><friendlyName>Parlour TV</friendlyName>
<manufacturer>Bildwerk</manufacturer><modelDescription>Television</modelDescription><modelName>BW-55</modelName>
<modelNumber>55.2</modelNumber><serialNumber>000000000001</serialNumber><firmwareVersion>4.0.17</firmwareVersion>
<UDN>uuid:7d1c1f02-93a1-4c55-8d00-00000000cafe</UDN></device></root>
`

// television: its UPnP server is ours, as the programs that come with one are big.
func television(ctx context.Context, s *Stage) error {
	_, peer, err := s.join(ctx)
	if err != nil {
		return err
	}
	const software = "Linux/4.4 UPnP/1.0 BildwerkTV/4.0.17"
	err = s.site(s.peer, netip.AddrPortFrom(peer, 49152), nil, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", `text/xml; charset="utf-8"`)
		w.Header().Set("Server", software)
		_, _ = io.WriteString(w, description)
	})
	if err != nil {
		return err
	}
	headers := fmt.Sprintf("CACHE-CONTROL: max-age=1800\r\nLOCATION: http://%v:49152/desc.xml\r\nSERVER: %s\r\n", peer, software)
	if err := s.ssdp(s.peer, "urn:schemas-upnp-org:device:MediaRenderer:1", headers); err != nil {
		return err
	}
	err = s.start(s.client, "minissdpd", "-d", "-i", "eth0", "-s", s.file("sock"), "-p", s.file("pid"))
	if err != nil {
		return err
	}
	if err := s.tap.seen(ctx, "HTTP/1.1 200 OK\r\nCACHE-CONTROL"); err != nil {
		return err
	}
	return s.try(ctx, "curl", "-sS", "-o", "/dev/null", fmt.Sprintf("http://%v:49152/desc.xml", peer))
}
