package provider

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"path"
	"regexp"
	"strconv"
	"strings"
	"unicode"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
)

var (
	platformRE   = regexp.MustCompile(`^[a-z0-9]+/[a-z0-9_]+(/[a-z0-9.]+)?$`)
	volumeRE     = regexp.MustCompile(`^[a-zA-Z0-9][a-zA-Z0-9_.-]+$`)
	restartRE    = regexp.MustCompile(`^(no|always|unless-stopped|on-failure(:[0-9]{1,9})?)$`)
	capabilityRE = regexp.MustCompile(`^[A-Z][A-Z0-9_]*$`)
	gpusRE       = regexp.MustCompile(`^(all|[1-9][0-9]{0,3}|device=[A-Za-z0-9:._-]+(,[A-Za-z0-9:._-]+)*)$`)
	driverRE     = regexp.MustCompile(`^[a-zA-Z0-9][a-zA-Z0-9._/:-]*$`)
	profileRE    = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._/:@+-]*$`)
	userRE       = regexp.MustCompile(`^[^\s:]+(:[^\s:]+)?$`)
	headerRE     = regexp.MustCompile("^[A-Za-z0-9!#$%&'*+.^_`|~-]+$")
	drivePathRE  = regexp.MustCompile(`^[A-Za-z]:[\\/]`)
	realtimeRE   = regexp.MustCompile(`^SIGRT(MIN(\+[0-9]{1,2})?|MAX(-[0-9]{1,2})?)$`)
)

// matches accepts what a pattern does; otherwise is the error.
func matches(pattern *regexp.Regexp, otherwise string) check {
	return func(value string) error {
		if !pattern.MatchString(value) {
			return errors.New(otherwise)
		}
		return nil
	}
}

var (
	isName = check(func(v string) error {
		if !deployment.ValidName(v) {
			return errors.New("is not a deployment name: 2 to 63 lower-case letters, digits and hyphens that begin and end with a letter or digit")
		}
		return nil
	})
	isModelName = check(func(v string) error {
		if !deployment.ValidName(v) { // one grammar for all names
			return errors.New("is not the name of a model: 2 to 63 lower-case letters, digits and hyphens that begin and end with a letter or digit")
		}
		return nil
	})
	isTask = check(func(v string) error {
		if !deployment.ValidTask(v) {
			return errors.New("is not a detection task: at most 58 lower-case letters, digits and underscores that begin and end with a letter or digit")
		}
		return nil
	})
	isPlatform      = matches(platformRE, "is not a platform: write it like linux/amd64 or linux/arm64/v8")
	isVolume        = matches(volumeRE, "is not a volume name: at least 2 letters, digits and _.- that begin with a letter or digit")
	isRestartPolicy = matches(restartRE, "is not a restart policy: no, always, unless-stopped, on-failure or on-failure:N")
	isGPUs          = matches(gpusRE, `is not a GPU request: "all", a count such as "1", or "device=0,1"`)
	isLogDriver     = matches(driverRE, "is not the name of a log driver")
	isAppArmor      = matches(profileRE, "is not the name of an AppArmor profile")
	isUser          = matches(userRE, "is not a user: a name or number, optionally with a group as user:group")
	isHeaderName    = matches(headerRE, "is not the name of an HTTP header")
	isImage         = check(func(v string) error {
		if _, err := docker.CanonicalImage(v); err != nil {
			return errors.New("is not an image reference such as registry.example.com/name:tag")
		}
		return nil
	})
)

// isNetwork accepts networks that a container can be on beside the managed one.
func isNetwork(v string) error {
	if !networkRE.MatchString(v) {
		return errors.New("is not a network name: at most 63 letters, digits and _.- that begin with a letter or digit")
	}
	if v == "host" || v == "none" || v == "default" {
		return errors.New("cannot be joined beside another network: replicas always live on the provider's network")
	}
	return nil
}

// isEnvKey accepts names of environment variables as the kernel takes them.
func isEnvKey(v string) error {
	switch {
	case v == "":
		return errors.New("is not the name of an environment variable: it is empty")
	case strings.ContainsAny(v, "=\x00"):
		return errors.New(`is not the name of an environment variable: it contains "=" or a NUL`)
	}
	return nil
}

// hasNoNUL refuses what no process can be given as argument or environment.
func hasNoNUL(v string) error {
	if strings.ContainsRune(v, 0) {
		return errors.New("contains a NUL character")
	}
	return nil
}

// isPrintable refuses empty strings and control characters.
func isPrintable(v string) error {
	if v == "" {
		return errors.New("is empty")
	}
	if strings.ContainsFunc(v, unicode.IsControl) {
		return errors.New("contains a control character")
	}
	return nil
}

// hasNoControl refuses control characters, line breaks among them.
func hasNoControl(v string) error {
	if strings.ContainsFunc(v, unicode.IsControl) {
		return errors.New("contains a control character")
	}
	return nil
}

// isLabelKey accepts the keys of labels that are the user's to set.
func isLabelKey(v string) error {
	if err := isPrintable(strings.TrimSpace(v)); err != nil {
		return err
	}
	if strings.HasPrefix(v, reservedLabels) {
		return fmt.Errorf("is reserved: keys that begin with %s carry the provider's own facts", reservedLabels)
	}
	return nil
}

// isContainerPath accepts absolute paths inside a container.
func isContainerPath(v string) error {
	if !path.IsAbs(v) || strings.ContainsRune(v, 0) {
		return errors.New("is not an absolute path inside the container")
	}
	return nil
}

// isMountTarget accepts paths that something can be mounted on.
func isMountTarget(v string) error {
	if err := isContainerPath(v); err != nil {
		return err
	}
	if path.Clean(v) == "/" {
		return errors.New("would hide the whole image: mount below /")
	}
	return nil
}

// isHostPath accepts absolute paths on the engine's host.
func isHostPath(v string) error {
	if (!path.IsAbs(v) && !drivePathRE.MatchString(v)) || strings.ContainsRune(v, 0) {
		return errors.New("is not an absolute path on the engine's host")
	}
	return nil
}

// isRelativePath accepts paths that stay inside the folder they start in.
func isRelativePath(v string) error {
	clean := path.Clean(v)
	if v == "" || path.IsAbs(v) || clean == ".." || strings.HasPrefix(clean, "../") || strings.ContainsRune(v, 0) {
		return errors.New("is not a relative path inside the volume")
	}
	return nil
}

// isURLPath accepts the path of a GET, with an optional query.
func isURLPath(v string) error {
	if !strings.HasPrefix(v, "/") || strings.ContainsFunc(v, func(r rune) bool { return unicode.IsControl(r) || unicode.IsSpace(r) }) {
		return errors.New("is not the path of an HTTP request: it begins with / and contains no space and no control character")
	}
	return nil
}

// isHostIP accepts addresses that a port can be published on.
func isHostIP(v string) error {
	if net.ParseIP(v) == nil {
		return errors.New("is not an IP address of the engine's host, such as 127.0.0.1 or 0.0.0.0")
	}
	return nil
}

// isCapability accepts Linux capabilities with or without CAP_, and ALL.
func isCapability(v string) error {
	if !capabilityRE.MatchString(canonicalCapability(v)) {
		return errors.New("is not a Linux capability such as NET_BIND_SERVICE, SYS_PTRACE or ALL")
	}
	return nil
}

// canonicalCapability is the one spelling of a capability: NET_ADMIN.
func canonicalCapability(v string) string {
	return strings.TrimPrefix(strings.ToUpper(v), "CAP_")
}

// isSeccomp accepts what the engine's API takes: a name, or a profile itself.
func isSeccomp(v string) error {
	if v == "unconfined" || v == "builtin" {
		return nil
	}
	var profile map[string]json.RawMessage
	if json.Unmarshal([]byte(v), &profile) != nil || profile["defaultAction"] == nil {
		return errors.New(`is not a seccomp profile: "unconfined", "builtin", or the text of a JSON profile (file("profile.json"))`)
	}
	return nil
}

// isSignal accepts signals by name, with or without SIG, and by number.
func isSignal(v string) error {
	name := canonicalSignal(v)
	if signals[strings.TrimPrefix(name, "SIG")] || realtimeRE.MatchString(name) {
		return nil
	}
	if n, err := strconv.Atoi(v); err == nil && n >= 1 && n <= 64 {
		return nil
	}
	return errors.New("is not a signal such as SIGTERM, SIGINT or 15")
}

// canonicalSignal is the one spelling of a signal's name: SIGTERM. Numbers stay.
func canonicalSignal(v string) string {
	if v == "" || (v[0] >= '0' && v[0] <= '9') {
		return v
	}
	return "SIG" + strings.TrimPrefix(strings.ToUpper(v), "SIG")
}

// signals are the names that every Linux has, without SIG.
var signals = map[string]bool{
	"ABRT": true, "ALRM": true, "BUS": true, "CHLD": true, "CLD": true, "CONT": true, "FPE": true, "HUP": true,
	"ILL": true, "INT": true, "IO": true, "IOT": true, "KILL": true, "PIPE": true, "POLL": true, "PROF": true,
	"PWR": true, "QUIT": true, "SEGV": true, "STKFLT": true, "STOP": true, "SYS": true, "TERM": true, "TRAP": true,
	"TSTP": true, "TTIN": true, "TTOU": true, "URG": true, "USR1": true, "USR2": true, "VTALRM": true,
	"WINCH": true, "XCPU": true, "XFSZ": true,
}
