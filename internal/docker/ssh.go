package docker

import (
	"fmt"
	"net/url"
	"os"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/docker/cli/cli/connhelper/ssh"
)

// SSH adjusts how an ssh:// engine is reached. The machine's ssh client does the work, so its configuration file and
// agent count too; it never asks for anything, and host keys must be known.
type SSH struct {
	// User and Port may also be in the address; when in both they must agree.
	User string
	Port int
	// IdentityFile is the path of a private key; the agent's other keys are then not offered.
	IdentityFile string
	// KnownHostsFile replaces the user's known_hosts.
	KnownHostsFile string
	// Options are further `-o` options of ssh, "Key=Value". They win over everything set here.
	Options []string
}

var sshOptionPattern = regexp.MustCompile(`^([A-Za-z]+)[= ]\s*(\S[^\r\n]*)$`)

func parseSSHHost(host, option string) (*url.URL, error) {
	spec, err := ssh.ParseURL(host)
	if err != nil {
		reason := strings.TrimPrefix(err.Error(), "invalid SSH URL: ")
		return nil, &OptionError{Option: option, Reason: "is not a valid ssh:// address: " + reason, err: err}
	}
	result := &url.URL{Scheme: "ssh", Host: spec.Host, Path: strings.TrimRight(spec.Path, "/")}
	if strings.Contains(spec.Host, ":") {
		result.Host = "[" + spec.Host + "]"
	}
	if spec.Port != "" {
		result.Host += ":" + spec.Port
	}
	if spec.User != "" {
		result.User = url.User(spec.User)
	}
	return result, nil
}

// apply checks the settings and joins them with the address.
func (s *SSH) apply(address *url.URL, into *Endpoint, opts Options) (*url.URL, error) {
	if address.Scheme != "ssh" {
		return nil, &OptionError{Option: "ssh", Reason: fmt.Sprintf("needs an ssh:// address, but the engine is at %s (%s). Remove ssh, or set host to the ssh:// address.", address, into.Why)}
	}
	if err := s.check(opts); err != nil {
		return nil, err
	}
	if s.User != "" {
		if inHost := address.User.Username(); inHost != "" && inHost != s.User {
			return nil, &OptionError{Option: "ssh.user", Reason: fmt.Sprintf("is %q, but the address says %q", s.User, inHost)}
		}
		address.User = url.User(s.User)
	}
	if s.Port != 0 {
		port := strconv.Itoa(s.Port)
		if inHost := address.Port(); inHost != "" && inHost != port {
			return nil, &OptionError{Option: "ssh.port", Reason: fmt.Sprintf("is %s, but the address says %s", port, inHost)}
		}
		address.Host = strings.TrimSuffix(address.Host, ":"+port) + ":" + port
	}
	into.sshFlags = s.flags(opts)
	if option := s.weakHostKeyCheck(); option != "" {
		into.Warnings = append(into.Warnings, "ssh.options has "+option+": a host key that is not known yet is trusted.")
	}
	return address, nil
}

func (s *SSH) check(opts Options) error {
	if s.Port < 0 || s.Port > 65535 {
		return &OptionError{Option: "ssh.port", Reason: fmt.Sprintf("%d is not a port", s.Port)}
	}
	for _, file := range []struct{ option, path string }{
		{"ssh.identity_file", s.IdentityFile}, {"ssh.known_hosts_file", s.KnownHostsFile},
	} {
		if file.path == "" {
			continue
		}
		if strings.ContainsAny(file.path, "\r\n") || strings.Contains(file.path, "-----BEGIN ") {
			return &OptionError{Option: file.option, Reason: "is a path, not the file's content"}
		}
		// Asked here, because ssh itself goes on without the file and fails later with "Permission denied".
		readable, err := os.Open(expandHome(file.path, opts.Home))
		if err != nil {
			return &OptionError{Option: file.option, Reason: err.Error(), err: err}
		}
		_ = readable.Close()
	}
	for _, option := range s.Options {
		if !sshOptionPattern.MatchString(option) {
			return &OptionError{Option: "ssh.options", Reason: fmt.Sprintf("%q is not of the form Key=Value", option)}
		}
	}
	return nil
}

// flags are the arguments of ssh before the host. Of several values of one option ssh takes the first.
func (s *SSH) flags(opts Options) []string {
	options := append([]string{}, s.Options...)
	if s.IdentityFile != "" {
		options = append(options, "IdentitiesOnly=yes", "IdentityFile="+sshQuote(expandHome(s.IdentityFile, opts.Home)))
	}
	if s.KnownHostsFile != "" {
		options = append(options, "UserKnownHostsFile="+sshQuote(expandHome(s.KnownHostsFile, opts.Home)))
	}
	seconds := max(1, int(opts.ConnectTimeout/time.Second))
	options = append(options,
		"BatchMode=yes", // a prompt would hang: nobody sees it
		"StrictHostKeyChecking=yes",
		"ConnectTimeout="+strconv.Itoa(seconds),
		"ServerAliveInterval=15", // notices a dead network in 45 s instead of never
		"ServerAliveCountMax=3",
	)
	flags := make([]string, 0, 2*len(options))
	for _, option := range options {
		flags = append(flags, "-o", option)
	}
	return flags
}

func (s *SSH) weakHostKeyCheck() string {
	for _, option := range s.Options {
		parts := sshOptionPattern.FindStringSubmatch(option)
		if len(parts) == 3 && strings.EqualFold(parts[1], "StrictHostKeyChecking") {
			if value := strings.ToLower(strings.TrimSpace(parts[2])); value != "yes" && value != "ask" {
				return option
			}
			return ""
		}
	}
	return ""
}

// sshQuote protects spaces in a path: the value of -o is parsed like a line of ssh's configuration file.
func sshQuote(path string) string {
	return `"` + strings.ReplaceAll(path, "%", "%%") + `"`
}
