package faultproxy

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"regexp"
	"strings"
)

// What a call runs in a container takes two calls: the first says which program,
// and its answer names what the second one starts.
var (
	prepares = regexp.MustCompile(`^/containers/[^/]+/exec$`)
	starts   = regexp.MustCompile(`^/exec/([^/]+)/start$`)
)

// programOf is the command line that a call prepares, its words joined by
// blanks; "" for other calls. The request still has its whole body afterwards.
func programOf(req *http.Request, path string) string {
	if req.Method != http.MethodPost || !prepares.MatchString(path) {
		return ""
	}
	var asked struct{ Cmd []string }
	body, err := io.ReadAll(req.Body)
	req.Body = io.NopCloser(bytes.NewReader(body))
	if err != nil || json.Unmarshal(body, &asked) != nil {
		return ""
	}
	return strings.Join(asked.Cmd, " ")
}

// prepared notes what the answer calls the program. The answer still has its
// whole body afterwards.
func (p *Proxy) prepared(call Call, res *http.Response) {
	if call.Program == "" || !prepares.MatchString(call.Path) {
		return
	}
	var named struct{ ID string }
	body, err := io.ReadAll(res.Body)
	res.Body = io.NopCloser(bytes.NewReader(body))
	if err != nil || json.Unmarshal(body, &named) != nil || named.ID == "" {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.programs[named.ID] = call.Program
}

// started is the program that a call starts. The caller holds mu.
func (p *Proxy) started(path string) string {
	if id := starts.FindStringSubmatch(path); id != nil {
		return p.programs[id[1]]
	}
	return ""
}
