package docker

import (
	"fmt"
	"net"
	"net/url"
	"strings"
)

// Ports that the docker CLI assumes for a tcp:// address without one.
const (
	plainPort = "2375"
	tlsPort   = "2376"
)

// parseHost checks an engine address and fills in what the docker CLI would: tcp:// without a scheme, the host
// localhost and the usual port. option is what to blame.
func parseHost(host, option string, withTLS bool) (*url.URL, error) {
	host = strings.TrimSpace(host)
	scheme, rest, found := strings.Cut(host, "://")
	if !found {
		if strings.HasPrefix(host, "/") {
			return nil, &OptionError{Option: option, Reason: fmt.Sprintf("%q has no scheme: write unix://%s", host, host)}
		}
		scheme, rest = "tcp", host
	}
	switch scheme {
	case "unix", "npipe":
		if rest == "" {
			return nil, &OptionError{Option: option, Reason: fmt.Sprintf("%q names no socket", host)}
		}
		// Kept opaque: the path of a socket is not a URL path, and must not be escaped.
		return &url.URL{Scheme: scheme, Opaque: "//" + rest}, nil
	case "ssh":
		return parseSSHHost(host, option)
	case "tcp":
		return parseTCPHost(rest, option, withTLS)
	case "http", "https":
		return nil, &OptionError{Option: option, Reason: fmt.Sprintf("%s:// is not an engine address: write tcp://%s, with tls for an encrypted port", scheme, rest)}
	}
	return nil, &OptionError{Option: option, Reason: fmt.Sprintf("scheme %q is not one of unix, tcp, ssh, npipe", scheme)}
}

func parseTCPHost(rest, option string, withTLS bool) (*url.URL, error) {
	parsed, err := url.Parse("tcp://" + rest)
	if err != nil {
		// The parser's error repeats the whole address, which may hold a password.
		return nil, &OptionError{Option: option, Reason: "is not a valid tcp:// address", err: err}
	}
	if parsed.User != nil {
		return nil, &OptionError{Option: option, Reason: "a tcp:// address takes no user: engines authenticate clients by certificate (tls)"}
	}
	if parsed.RawQuery != "" || parsed.Fragment != "" {
		return nil, &OptionError{Option: option, Reason: "a tcp:// address takes no query and no fragment"}
	}
	name, port := parsed.Hostname(), parsed.Port()
	if name == "" {
		name = "localhost"
	}
	if port == "" {
		port = plainPort
		if withTLS {
			port = tlsPort
		}
	}
	parsed.Host = net.JoinHostPort(name, port)
	parsed.Path = strings.TrimRight(parsed.Path, "/")
	return parsed, nil
}

// secureTCP gives a tcp:// endpoint its TLS settings, or refuses to speak plain text to another machine.
func (e *Endpoint) secureTCP(option, hostname string, material *tlsMaterial, allowPlain bool) error {
	if material != nil {
		config, err := material.config(hostname)
		if err != nil {
			return err
		}
		if config.InsecureSkipVerify {
			e.Warnings = append(e.Warnings, material.origin+" turns the verification of the engine's certificate off: whoever answers at "+e.Host+" is trusted.")
		}
		e.tls = config
		return nil
	}
	if isLoopback(hostname) {
		return nil
	}
	if !allowPlain {
		return &OptionError{Option: option, Reason: fmt.Sprintf("%s (%s) is neither encrypted nor authenticated. Set tls, use ssh://, or accept the risk with allow_plain_tcp = true.", e.Host, e.Why)}
	}
	e.Warnings = append(e.Warnings, "The connection to "+e.Host+" is neither encrypted nor authenticated (allow_plain_tcp).")
	return nil
}

func isTCP(host string) bool {
	scheme, _, found := strings.Cut(host, "://")
	return scheme == "tcp" || (!found && !strings.HasPrefix(host, "/"))
}

func isLoopback(hostname string) bool {
	if strings.EqualFold(hostname, "localhost") {
		return true
	}
	ip := net.ParseIP(hostname)
	return ip != nil && ip.IsLoopback()
}
