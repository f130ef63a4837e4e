package soak

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/docker/go-connections/nat"

	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/acceptance"
)

// cause is one way in which a new version can be bad.
type cause struct {
	name string
	bad  func(b *badBed) release
	// says are the texts that its error must have: what happened, to which
	// container and why, what is to blame and what to do. NAME is the
	// deployment's, NEW the container that failed.
	says []string
	// log is the end of the container's own words, "" where it has none.
	log string
}

// causes are all of them.
func causes() []cause {
	fixed := func(r release) func(*badBed) release {
		return func(b *badBed) release {
			bad := r
			bad.Version = "v2"
			if bad.Image == "" {
				bad.Image = b.serve("2.4")
			}
			return bad
		}
	}
	return []cause{
		{
			name: "exits at once",
			bad:  fixed(release{RestartPolicy: "no", Env: map[string]string{"EXIT_AFTER": "0s", "EXIT_CODE": "3", "LOG": `loading /models/iris.pt\nmodel not found`}}),
			says: []string{"did not become ready: it exited", "Replica NEW exited with code 3.", "Fix what the log shows"},
			log:  "loading /models/iris.pt model not found",
		},
		{
			name: "crash loop",
			bad:  fixed(release{Env: map[string]string{"EXIT_AFTER": "50ms", "EXIT_CODE": "4", "LOG": "out of CUDA devices"}}),
			says: []string{"did not become ready: it exits again and again", "Replica NEW exited with code 4. It restarted ", "Fix what the log shows"},
			log:  "out of CUDA devices",
		},
		{
			name: "never ready",
			bad:  fixed(release{StartupTimeout: "3s", Env: map[string]string{"NEVER_READY": "1", "LOG": "waiting for the feature store"}}),
			says: []string{"did not become ready within 3s", "Last readiness answer: GET :8080/v2/health/ready → 503", "Raise readiness.startup_timeout"},
			log:  "waiting for the feature store",
		},
		{
			name: "out of memory",
			bad:  fixed(release{Memory: "48m", Env: map[string]string{"ALLOC": "256", "LOG": "allocating the model"}}),
			says: []string{"did not become ready: it ran out of memory", "Replica NEW exited with code 137: out of memory, limit 48 MiB.", "Raise resources.memory"},
			log:  "allocating the model",
		},
		{
			name: "wrong architecture",
			bad: func(b *badBed) release {
				p := b.other()
				return release{Version: "v2", Image: b.load("foreign", p, p.arch)}
			},
			says: []string{"Replica NEW exited with code 1", "Its image is built for linux/", ", and the engine's host is linux/", "Use an image that is built for linux/"},
			log:  "exec format error",
		},
		{
			name: "wrong architecture, unsaid",
			bad: func(b *badBed) release {
				p, own := b.other(), arm64
				if p.arch == arm64.arch {
					own = amd64
				}
				return release{Version: "v2", Image: b.load("mislabelled", p, own.arch)}
			},
			says: []string{"Replica NEW exited with code 1", "it is built for another platform, or a script whose first line names no interpreter", "Use an image that is built for linux/"},
			log:  "exec format error",
		},
		{
			name: "missing image",
			bad:  fixed(release{Image: "127.0.0.1:1/hairnet-serve:2.4"}),
			says: []string{"The image cannot be had: pulling 127.0.0.1:1/hairnet-serve:2.4: ", "connection refused", "Nothing was changed", "registry_auth"},
		},
		{
			name: "host port taken",
			bad: func(b *badBed) release {
				return release{Version: "v2", Image: b.serve("2.4"), Replicas: 1, Ports: []publishedPort{{8080, b.stranger()}}}
			},
			says: []string{"could not be started. Replica NEW needs host port ", ", which container NAME-stranger (ID ", "Choose another host_port, or free this one"},
		},
		{
			name: "validation wrong",
			bad:  fixed(release{Env: map[string]string{"SCORE": "0.41"}}),
			says: []string{
				"failed its validation. Golden request 1 of 1, to replica NEW: POST :8080/v2/models/iris/infer → 200",
				"$.outputs[0].data[0] is 0.41, and must be 0.97 ± 0.02", "Fix the model or the image, or what is expected of it",
			},
			log: "version v2 serves http on",
		},
		{
			name: "validation too slow",
			bad:  fixed(release{MaxLatency: "400ms", Env: map[string]string{"INFER_FOR": "1500ms"}}),
			says: []string{"failed its validation. Golden request 1 of 1, to replica NEW: POST :8080/v2/models/iris/infer → 200", "and max_latency is 400ms", "or raise max_latency"},
			log:  "version v2 serves http on",
		},
	}
}

// stranger is a container of somebody else that publishes a port of this
// machine; the port.
func (b *badBed) stranger() int {
	b.t.Helper()
	if b.taken == 0 {
		b.taken = acceptance.FreePort(b.t)
		b.Run(docker.CreateRequest{
			Name:   b.Name("iris-stranger"),
			Config: &docker.ContainerConfig{Image: acceptance.ProbeImage(), Cmd: []string{"sleep", "2147483647"}, ExposedPorts: nat.PortSet{"80/tcp": {}}},
			HostConfig: &docker.HostConfig{
				NetworkMode:  "bridge", // that there is: an engine has addresses for thirty networks or so
				PortBindings: nat.PortMap{"80/tcp": {{HostIP: "0.0.0.0", HostPort: strconv.Itoa(b.taken)}}},
			},
		})
	}
	return b.taken
}

// missing are the texts that an error lacks.
func (c cause) missing(b *badBed, said string) []string {
	var out []string
	wanted := append([]string{fmt.Sprintf("Unable to update deployment %q", b.name)}, c.says...)
	if c.log != "" {
		wanted = append(wanted, "Last log lines of NEW: ", c.log)
	}
	wanted = append(wanted, "Revision 1 ("+b.serve("2.3")+") is still serving on 2 of 2 replicas.")
	text := strings.NewReplacer("NAME", b.name, "NEW", b.name+".r2.0")
	for _, w := range wanted {
		if w = text.Replace(w); !strings.Contains(said, w) {
			out = append(out, w)
		}
	}
	return out
}
