package fakedocker

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
)

// Image is what a container is made from.
type Image struct {
	Ref       string                  // tag, e.g. hairnet-serve:2.3
	Config    *docker.ContainerConfig // defaults of its containers
	Behaviour Behaviour
	// Vary, when set, decides the behaviour at every start of a container.
	Vary     func(Start) Behaviour
	OS, Arch string // linux and amd64 when empty
	Size     int64  // bytes
}

// Start is one start of a container's process.
type Start struct {
	Container string            // name
	Env       map[string]string // of the container and its image
	Command   []string          // entrypoint and arguments
	Attempt   int               // 1 for the first start of this container
}

// Behaviour is what the process of a container does. The zero value runs for
// ever, listens nowhere and ends at SIGTERM.
type Behaviour struct {
	Handler    http.Handler  // serves HTTP on Port; nil: nothing listens
	Port       int           // 8080 when zero
	AlsoPort   int           // another one; 0: none
	OpenAfter  time.Duration // until then connections are refused
	ReadyAfter time.Duration // until then every request gets a 503: the port opens before the model is loaded

	Exits     bool          // the process ends by itself, after ExitAfter
	ExitAfter time.Duration //
	ExitCode  int
	OOM       bool   // it ends because it exceeded its memory limit
	StartFail string // the engine cannot start it, e.g. an entrypoint that is not there

	IgnoreSIGTERM bool
	Drains        bool          // SIGTERM: finishes the requests in flight, accepts no more
	StopAfter     time.Duration // between SIGTERM and exit
	StopCode      int           // exit code after SIGTERM

	Log      []string      // lines it writes at its start
	LogEvery time.Duration // a pause before each line but the first
	PrintEnv bool          // writes its whole environment after Log

	Exec Program // answers to programs that are run in it; nil: there are none

	Writes  map[string]string // files that it writes at its start: absolute path to content
	Removes []string          // absolute paths that it removes at its start, with all below them

	CPU    float64 // cores it keeps busy
	Memory uint64  // bytes it uses

	HealthAfter time.Duration // when the image or container has a health check: until then "starting"
	Unhealthy   bool          // what the check says then
}

// defaultPort is where a Behaviour with a Handler listens.
const defaultPort = 8080

// stoppedBySIGKILL is the exit code of a killed process.
const stoppedBySIGKILL = 137

// OK answers every request with 200.
var OK http.Handler = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("ok\n")) })

// Serving serves handler, with 503 until it has run for readyAfter.
func Serving(handler http.Handler, readyAfter time.Duration) Behaviour {
	return Behaviour{Handler: handler, ReadyAfter: readyAfter, CPU: 0.1, Memory: 64 << 20, Log: []string{"serving"}}
}

// Exiting writes lines and exits at once. Under a restart policy that is a
// crash loop.
func Exiting(code int, lines ...string) Behaviour {
	return Behaviour{Exits: true, ExitCode: code, Log: lines}
}

// OutOfMemory is killed for exceeding its memory limit while it starts.
func OutOfMemory(lines ...string) Behaviour {
	return Behaviour{Exits: true, ExitCode: stoppedBySIGKILL, OOM: true, Log: lines}
}

// NeverReady listens and answers 503 for ever.
func NeverReady(lines ...string) Behaviour {
	unavailable := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "model is not loaded", http.StatusServiceUnavailable)
	})
	return Behaviour{Handler: unavailable, Memory: 64 << 20, Log: lines}
}

// PrintingEnvironment writes its whole environment and exits with 1.
func PrintingEnvironment() Behaviour {
	return Behaviour{Exits: true, ExitCode: 1, PrintEnv: true}
}

// Busybox is an image for session containers, under ref. Of its programs it has
// rm, and a shell that stays.
func Busybox(ref string) Image {
	return Image{Ref: ref, Config: &docker.ContainerConfig{Cmd: []string{"sh"}}, Vary: func(s Start) Behaviour {
		if len(s.Command) == 0 || s.Command[0] != "rm" {
			return Behaviour{}
		}
		paths := slices.DeleteFunc(slices.Clone(s.Command[1:]), func(word string) bool { return strings.HasPrefix(word, "-") })
		return Behaviour{Exits: true, Removes: paths}
	}}
}
