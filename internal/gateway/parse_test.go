package gateway

import (
	"reflect"
	"testing"
)

// TestParseWorkers: what is in flight counts in every worker, also in those that
// a reload has replaced; one that has just gone does not matter.
func TestParseWorkers(t *testing.T) {
	const out = `# worker 31 current
# pxname,svname,qcur,scur,status,weight,addr,desc
v1,s1,0,2,UP,1,172.20.0.3:8080,
v1,s2,0,0,DRAIN,1,172.20.0.4:8080,
v1,s3,0,0,MAINT (resolution),0,,
v1,s4,0,0,DOWN 1/2,1,[fd00::5]:8080,"a, quoted"
v1,s5,0,0,UP 1/2,0,172.20.0.6:8080,

# worker 9 old
# pxname,svname,qcur,scur,status,weight,addr,desc
v1,s1,0,1,no check,1,172.20.0.4:8080,

# worker 7 old
# worker 6 old
Can't find the target PID matching the prefix '@!6'
`
	got, err := parseWorkers(out)
	want := []worker{
		{pid: "31", servers: []server{
			{backend: "v1", name: "s1", status: "UP", weight: 1, ip: "172.20.0.3", inFlight: 2},
			{backend: "v1", name: "s2", status: "DRAIN", weight: 1, ip: "172.20.0.4"},
			{backend: "v1", name: "s3", status: "MAINT (resolution)"},
			{backend: "v1", name: "s4", status: "DOWN 1/2", weight: 1, ip: "fd00::5"},
			{backend: "v1", name: "s5", status: "UP 1/2", ip: "172.20.0.6"},
		}},
		{pid: "9", old: true, servers: []server{{backend: "v1", name: "s1", status: "no check", weight: 1, ip: "172.20.0.4", inFlight: 1}}},
	}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Fatalf("%v, got\n%+v\nwant\n%+v", err, got, want)
	}
	for i, want := range []bool{true, false, false, false, false} { // the last one has not passed a check yet
		if s := got[0].servers[i]; s.up() != want {
			t.Errorf("%+v is up: %t", s, s.up())
		}
	}
	for _, broken := range []string{"", "nothing", "# worker 31 current\n", "# worker 31 current\nUnknown command\n"} {
		if got, err := parseWorkers(broken); err == nil {
			t.Errorf("%q: %+v", broken, got)
		}
	}
}

func TestParseSessions(t *testing.T) {
	const out = `# worker 31 current
0x5581: proto=tcpv4 src=10.0.0.1:52 fe=clients be=v1 srv=s1 ts=00 epoch=0 age=7s calls=3 rq[f=848000h,i=0,an=00h,rx=,wx=,ax=] exp=
0x5582: proto=sockpair src=unix fe=MASTER be=<NONE> srv=<none> ts=00
# worker 9 old
0x7f01: proto=tcpv4 src=10.0.0.1:53 fe=clients be=v1 srv=s2 ts=00

# worker 7 old
Can't find the target PID matching the prefix '@!7'
`
	want := []flight{{"31", "0x5581", "v1/s1"}, {"31", "0x5582", "<NONE>/<none>"}, {"9", "0x7f01", "v1/s2"}}
	if got := parseSessions(out); !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestParseLook(t *testing.T) {
	have, running := parseLook("==> haproxy.cfg <==\nglobal\n==> split.map <==\n0:9999 v1\n==> fallback.map <==\n" +
		"==> running split.map <==\n0x7f1 0:4999 v1\n0x7f2 5000:9999 v2\n\n==> running fallback.map <==\n\n")
	pem, _ := parseLook("==> tls-0a.pem <==\n0a1b  -\n==> running split.map <==\n\n")
	if want := (files{"tls-0a.pem": "0a1b"}); !reflect.DeepEqual(pem, want) {
		t.Errorf("got %q, want %q", pem, want)
	}
	if want := (files{"haproxy.cfg": "global\n", "split.map": "0:9999 v1\n", "fallback.map": ""}); !reflect.DeepEqual(have, want) {
		t.Errorf("got %q, want %q", have, want)
	}
	if want := (files{"split.map": "0:4999 v1\n5000:9999 v2\n", "fallback.map": ""}); !reflect.DeepEqual(running, want) {
		t.Errorf("got %q, want %q", running, want)
	}
	if !sameMap("b 1\na 2\n", "a 2\nb 1") || sameMap("a 1\n", "a 2\n") || sameMap("", "a 1\n") {
		t.Error("maps are compared by their lines")
	}
}

// TestWidened: what there was stays beside what is new, and what is known by
// both is as it is wanted.
func TestWidened(t *testing.T) {
	rendered := func(backends ...Backend) string {
		f, err := render(config{name: "iris", backends: backends})
		if err != nil {
			t.Fatal(err)
		}
		return f[configFile]
	}
	v1, v2, v3 := Backend{Deployment: "v1", Port: 1, Slots: 16}, Backend{Deployment: "v2", Port: 2, Slots: 16}, Backend{Deployment: "v3", Port: 3, Slots: 16}
	slower := v2
	slower.Slots = 32
	for name, tc := range map[string]struct{ have, want, wide string }{
		"same":     {rendered(v1, v2), rendered(v1, v2), rendered(v1, v2)},
		"more":     {rendered(v1), rendered(v1, v2), rendered(v1, v2)},
		"less":     {rendered(v1, v2), rendered(v1), rendered(v1, v2)},
		"exchange": {rendered(v1, v2), rendered(v3, slower), rendered(v1, slower, v3)},
		"nothing":  {"", rendered(v1), rendered(v1)},
		"by hand":  {"# nothing\n", rendered(v1), rendered(v1)},
	} {
		if got := widened(tc.have, tc.want); got != tc.wide {
			t.Errorf("%s: got\n%s\nwant\n%s", name, got, tc.wide)
		}
	}
}
