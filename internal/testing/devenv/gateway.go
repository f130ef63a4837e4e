package main

// gatewayImage is the image of the gateways of endpoints in the tests and the demo.
const gatewayImage = imagePrefix + "haproxy" + imageTag

// gateways are the HAProxys that gateways are tested on.
var gateways = []packaged{
	gateway("bookworm", "haproxy", "haproxy:2.6-alpine"),
	gateway("trixie", "haproxy-trixie", "haproxy:3.0-alpine"),
}

// gateway is HAProxy as a release of Debian's has it. A user of its own, as the official image has.
func gateway(suite, name, source string) packaged {
	return packaged{
		name: "haproxy", program: "usr/sbin/haproxy", purpose: "the gateways",
		suite: suite, unpacked: name, image: imagePrefix + name + imageTag, source: source,
		dockerfile: "FROM scratch\nCOPY root /\nENV PATH=/usr/sbin:/usr/bin:/bin\nSTOPSIGNAL SIGUSR1\nUSER 99:99\nCMD [\"haproxy\"]\n",
		applets:    []string{"sh", "nc", "cat", "mv", "sleep", "kill"},
	}
}
