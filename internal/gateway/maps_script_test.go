package gateway

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// masterStandIn answers like the command line of a proxy's master with workers 7
// (current) and 5 (replaced). Each vanishes after as many commands as its file says.
const masterStandIn = `#!/bin/sh
read -r line
case "$line" in
  'show proc') printf '# workers\n7 worker 0 0d00h00m01s\n# old workers\n5 worker 1 0d00h00m09s\n'; exit ;;
esac
pid=${line%% *} pid=${pid#@!}
left=$(cat "$STAND_IN/$pid")
if [ "$left" = 0 ]; then echo "Can't find the target PID matching the prefix '@!$pid'."; exit; fi
echo $((left - 1)) > "$STAND_IN/$pid"
case "$line" in
  *' prepare map '*) echo 'New version created: 3' ;;
  *bad*) echo "'add map' expects three parameters" ;;
esac
echo
`

// TestMapsOfAWorkerThatEnds: a replaced worker may end at any command; the
// current one may not, and neither may keep what it does not take to itself.
func TestMapsOfAWorkerThatEnds(t *testing.T) {
	for name, tc := range map[string]struct {
		current, old, split string
		wrong               string // what it says; "": nothing
	}{
		"both take all":              {"99", "99", "0:9999 v1", ""},
		"the old one has ended":      {"99", "0", "0:9999 v1", ""},
		"it ends after the first":    {"99", "1", "0:9999 v1", ""},
		"it ends before the commit":  {"99", "2", "0:9999 v1", ""},
		"the current one has ended":  {"0", "99", "0:9999 v1", "prepare map split.map: Can't find the target"},
		"the current one then ends":  {"1", "99", "0:9999 v1", "Can't find the target"},
		"one does not take an entry": {"99", "99", "bad v1", "expects three parameters"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			for file, content := range map[string]string{"nc": masterStandIn, "5": tc.old, "7": tc.current, splitFile + ".new": tc.split + "\n"} {
				if err := os.WriteFile(filepath.Join(dir, file), []byte(content), 0o700); err != nil {
					t.Fatal(err)
				}
			}
			cmd := exec.CommandContext(t.Context(), "sh", "-c", strings.Replace(mapsScript, "cd "+folder, "cd "+dir, 1))
			cmd.Stdin = strings.NewReader(splitFile)
			cmd.Env = append(os.Environ(), "PATH="+dir+":"+os.Getenv("PATH"), "STAND_IN="+dir)
			out, err := cmd.CombinedOutput()
			said := strings.TrimSpace(string(out))
			if taken := said == exchangedMark; err != nil || taken != (tc.wrong == "") || !strings.Contains(said, tc.wrong) {
				t.Errorf("%v, and it says\n%s", err, said)
			}
		})
	}
}
