package docker

import (
	"io/fs"
	"path/filepath"
)

const (
	defaultSocket = "/var/run/docker.sock"
	defaultPipe   = "//./pipe/docker_engine"
)

// socket is a place where an engine of this machine may listen.
type socket struct {
	path string
	name string // completes "the socket of "
}

// fromSockets chooses the first socket that exists. Whether an engine answers there is not asked: falling through to
// another engine whenever the first is down would show a plan that makes everything again on the wrong one.
func fromSockets(opts Options) candidate {
	if opts.GOOS == "windows" {
		return candidate{host: "npipe://" + defaultPipe, why: "the default named pipe", option: "host"}
	}
	var chosen candidate
	for _, place := range knownSockets(opts) {
		info, err := opts.Stat(place.path)
		if err != nil || info.Mode()&fs.ModeSocket == 0 {
			continue
		}
		host := "unix://" + place.path
		if chosen.host != "" {
			chosen.others = append(chosen.others, host)
			continue
		}
		why := "the socket of " + place.name + ", as the default socket does not exist"
		if place.path == defaultSocket {
			why = "the default socket"
		}
		chosen = candidate{host: host, why: why, option: "host"}
	}
	if chosen.host == "" {
		return candidate{host: "unix://" + defaultSocket, why: "the default socket, as nothing else is set and no other engine's socket exists", option: "host"}
	}
	return chosen
}

// knownSockets lists the places in the order in which they are tried.
func knownSockets(opts Options) []socket {
	places := []socket{{path: defaultSocket}}
	if opts.GOOS == "darwin" {
		places = append(places, socket{filepath.Join(opts.Home, ".docker/run/docker.sock"), "Docker Desktop"})
	} else {
		places = append(places, socket{filepath.Join(opts.Home, ".docker/desktop/docker.sock"), "Docker Desktop"})
	}
	places = append(places, colimaSockets(opts)...)
	if opts.GOOS == "darwin" {
		places = append(places, socket{filepath.Join(opts.Home, ".orbstack/run/docker.sock"), "OrbStack"})
	}
	places = append(places, socket{filepath.Join(opts.Home, ".rd/docker.sock"), "Rancher Desktop"})
	if runtimeDir := opts.Env("XDG_RUNTIME_DIR"); runtimeDir != "" {
		places = append(places, socket{filepath.Join(runtimeDir, "docker.sock"), "rootless Docker"})
	}
	if opts.GOOS != "darwin" {
		// Where rootless Docker listens when there is no XDG_RUNTIME_DIR.
		places = append(places, socket{filepath.Join(opts.Home, ".docker/run/docker.sock"), "rootless Docker"})
	}
	return places
}

// colimaSockets: Colima keeps its profiles in COLIMA_HOME, else ~/.colima, else below the XDG configuration folder.
func colimaSockets(opts Options) []socket {
	var folders []string
	if home := opts.Env("COLIMA_HOME"); home != "" {
		folders = append(folders, home)
	}
	folders = append(folders, filepath.Join(opts.Home, ".colima"))
	if configHome := opts.Env("XDG_CONFIG_HOME"); configHome != "" {
		folders = append(folders, filepath.Join(configHome, "colima"))
	}
	places := make([]socket, 0, len(folders))
	for _, folder := range folders {
		places = append(places, socket{filepath.Join(folder, "default/docker.sock"), "Colima"})
	}
	return places
}
