package evidence

// Remote: telnet and what bots and worms try besides (Mirai's source, 2016: 23, 2323; its descendants: the TR-069 and
// UPnP holes 7547, 37215, 52869, 5555 (adb), 9527 and 9530 (DVR consoles), 5358; Conficker, WannaCry: 135, 139, 445;
// 3389; Satori, Hajime; databases 1433, 6379).
func Remote(port uint16) bool {
	switch port {
	case 23, 26, 2323, 5358, 7547, 37215, 52869, 5555, 9527, 9530, 135, 139, 445, 3389, 1433, 6379, 60023, 23231:
		return true
	}
	return false
}

// WebLike: alternative ports of web servers. Bots try them (81, 8080, 8081, 8443, 49152 …), apps hardly ever without DNS.
func WebLike(port uint16) bool {
	switch port {
	case 8080, 8081, 8000, 8088, 8181, 8443, 8888, 60001, 22, 2222, 1900, 5431, 49152:
		return true
	}
	return false
}
