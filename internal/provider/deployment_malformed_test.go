package provider

import (
	"slices"
	"strings"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
)

// malformed is one configuration that must be refused at a path.
type malformed struct {
	name string
	set  map[string]any // beside a name and an image
	at   string         // path of the error
}

// object shortens the table.
type object = map[string]any

// validating is a deployment with golden requests.
func validating(requests ...any) object {
	return object{"port": 80, "readiness": object{"tcp": true}, "validation": requests}
}

// largeBody is all that the bodies of a deployment may have together.
var largeBody = strings.Repeat("x", deployment.MaxBody)

func port(more object) object { return with(object{"container_port": 8080}, more) }

func volume(more object) object {
	return with(object{"type": "volume", "source": "data", "target": "/data"}, more)
}

var malformedDeployments = []malformed{
	// name, detection_task
	{"no name", object{"name": nil}, "name"},
	{"name and task", object{"detection_task": "hairnet_detection"}, "detection_task"},
	{"empty name", object{"name": ""}, "name"},
	{"one character", object{"name": "a"}, "name"},
	{"upper case", object{"name": "Hairnet"}, "name"},
	{"dot in name", object{"name": "hairnet.2"}, "name"},
	{"underscore in name", object{"name": "hair_net"}, "name"},
	{"hyphen at the end", object{"name": "hairnet-"}, "name"},
	{"64 characters", object{"name": strings.Repeat("a", 64)}, "name"},
	{"escape in name", object{"name": "a\x1b[31mb"}, "name"},
	{"task with hyphen", object{"name": nil, "detection_task": "hairnet-detection"}, "detection_task"},
	{"empty task", object{"name": nil, "detection_task": ""}, "detection_task"},
	{"task with space", object{"name": nil, "detection_task": "hair net"}, "detection_task"},
	// image
	{"no image", object{"image": nil}, "image"},
	{"empty image", object{"image": ""}, "image"},
	{"upper case image", object{"image": "Nginx"}, "image"},
	{"image with space", object{"image": "nginx latest"}, "image"},
	{"image with scheme", object{"image": "https://registry.example.com/a"}, "image"},
	{"short digest", object{"image": "nginx@sha256:abc"}, "image"},
	{"image with an empty tag", object{"image": "nginx:"}, "image"},
	{"pull policy", object{"pull_policy": "sometimes"}, "pull_policy"},
	{"empty pull policy", object{"pull_policy": ""}, "pull_policy"},
	{"platform without arch", object{"platform": "linux"}, "platform"},
	{"platform with space", object{"platform": "linux / amd64"}, "platform"},
	// process
	{"null in entrypoint", object{"entrypoint": []any{"a", nil}}, "entrypoint[1]"},
	{"NUL in command", object{"command": []any{"a\x00"}}, "command[0]"},
	{"relative working_dir", object{"working_dir": "app"}, "working_dir"},
	{"empty working_dir", object{"working_dir": ""}, "working_dir"},
	{"user with space", object{"user": "a b"}, "user"},
	{"user with two groups", object{"user": "a:b:c"}, "user"},
	// env
	{"env key with =", object{"env": object{"A=B": "c"}}, `env["A=B"]`},
	{"empty env key", object{"env": object{"": "c"}}, `env[""]`},
	{"null env value", object{"env": object{"A": nil}}, `env["A"]`},
	{"NUL in env value", object{"env": object{"A": "b\x00c"}}, `env["A"]`},
	{"NUL in env key", object{"env": object{"A\x00": "b"}}, `env["A` + `\x00"]`},
	{"env_wo key with =", object{"env_wo": object{"A=B": "c"}}, `env_wo["A=B"]`},
	{"null env_wo value", object{"env_wo": object{"A": nil}}, `env_wo["A"]`},
	{"NUL in env_wo value", object{"env_wo": object{"A": "s3cret\x00"}}, `env_wo["A"]`},
	{"key in env and env_wo", object{"env": object{"A": "b"}, "env_wo": object{"A": "c"}}, `env["A"]`},
	{"version without env_wo", object{"env_wo_version": "1"}, "env_wo_version"},
	{"empty env_wo_version", object{"env_wo": object{"A": "b"}, "env_wo_version": ""}, "env_wo_version"},
	// port, ports
	{"port 0", object{"port": 0}, "port"},
	{"port 65536", object{"port": 65536}, "port"},
	{"negative port", object{"port": -1}, "port"},
	{"fractional port", object{"port": 80.5}, "port"},
	{"null in ports", object{"ports": []any{nil}}, "ports[0]"},
	{"no container port", object{"ports": []any{object{"host_port": 80}}}, "ports[0].container_port"},
	{"container port 70000", object{"ports": []any{object{"container_port": 70000}}}, "ports[0].container_port"},
	{"host port 0", object{"ports": []any{port(object{"host_port": 0})}}, "ports[0].host_port"},
	{"host_ip no address", object{"ports": []any{port(object{"host_ip": "localhost"})}}, "ports[0].host_ip"},
	{"protocol", object{"ports": []any{port(object{"protocol": "http"})}}, "ports[0].protocol"},
	{"protocol in capitals", object{"ports": []any{port(object{"protocol": "TCP"})}}, "ports[0].protocol"},
	{"host_port and replicas", object{"replicas": 2, "ports": []any{port(nil), port(object{"host_port": 80})}}, "ports[1].host_port"},
	{"same host port", object{"ports": []any{port(object{"host_port": 80}), object{"container_port": 81, "host_port": 80}}}, "ports[1].host_port"},
	{"same host port on all addresses", object{"ports": []any{port(object{"host_port": 80}), object{"container_port": 81, "host_port": 80, "host_ip": "0.0.0.0"}}}, "ports[1].host_port"},
	{"same port twice", object{"ports": []any{port(nil), port(object{"protocol": "tcp"})}}, "ports[1]"},
	// replicas, networks, labels
	{"negative replicas", object{"replicas": -1}, "replicas"},
	{"1001 replicas", object{"replicas": 1001}, "replicas"},
	{"fractional replicas", object{"replicas": 1.5}, "replicas"},
	{"host network", object{"networks": []any{"host"}}, "networks"},
	{"network with slash", object{"networks": []any{"a/b"}}, "networks"},
	{"null network", object{"networks": []any{nil}}, "networks"},
	{"reserved label", object{"labels": object{"mlops.owner": "me"}}, `labels["mlops.owner"]`},
	{"empty label key", object{"labels": object{"": "a"}}, `labels[""]`},
	{"null label", object{"labels": object{"a": nil}}, `labels["a"]`},
	{"line break in label key", object{"labels": object{"a\nb": "c"}}, "labels[\"a\\nb\"]"},
	// mounts, model
	{"null mount", object{"mounts": []any{nil}}, "mounts[0]"},
	{"mount without type", object{"mounts": []any{volume(object{"type": nil})}}, "mounts[0].type"},
	{"mount type", object{"mounts": []any{volume(object{"type": "nfs"})}}, "mounts[0].type"},
	{"mount without target", object{"mounts": []any{volume(object{"target": nil})}}, "mounts[0].target"},
	{"relative target", object{"mounts": []any{volume(object{"target": "data"})}}, "mounts[0].target"},
	{"target /", object{"mounts": []any{volume(object{"target": "/./"})}}, "mounts[0].target"},
	{"volume without source", object{"mounts": []any{volume(object{"source": nil})}}, "mounts[0].source"},
	{"volume with a path", object{"mounts": []any{volume(object{"source": "/data"})}}, "mounts[0].source"},
	{"bind without source", object{"mounts": []any{object{"type": "bind", "target": "/a"}}}, "mounts[0].source"},
	{"relative bind", object{"mounts": []any{object{"type": "bind", "source": "./a", "target": "/a"}}}, "mounts[0].source"},
	{"tmpfs with source", object{"mounts": []any{object{"type": "tmpfs", "source": "a", "target": "/a"}}}, "mounts[0].source"},
	{"size of a volume", object{"mounts": []any{volume(object{"size": "1g"})}}, "mounts[0].size"},
	{"size of a tmpfs", object{"mounts": []any{object{"type": "tmpfs", "target": "/a", "size": "big"}}}, "mounts[0].size"},
	{"same target twice", object{"mounts": []any{volume(nil), volume(object{"source": "other", "target": "/data/"})}}, "mounts[1].target"},
	{"mount on the model", object{"mounts": []any{volume(object{"target": "/models"})}, "model": object{"volume": "iris"}}, "mounts[0].target"},
	{"empty model", object{"model": object{}}, "model"},
	{"model twice", object{"model": object{"volume": "iris", "host_path": "/iris"}}, "model.host_path"},
	{"relative host_path", object{"model": object{"host_path": "iris"}}, "model.host_path"},
	{"absolute path in volume", object{"model": object{"volume": "iris", "path": "/v2"}}, "model.path"},
	{"path out of the volume", object{"model": object{"volume": "iris", "path": "a/../../b"}}, "model.path"},
	{"path beside host_path", object{"model": object{"host_path": "/iris", "path": "v2"}}, "model.path"},
	{"digest beside host_path", object{"model": object{"host_path": "/iris", "digest": "sha256:1"}}, "model.digest"},
	{"model volume", object{"model": object{"volume": "a b"}}, "model.volume"},
	{"model target", object{"model": object{"volume": "iris", "target": "models"}}, "model.target"},
	// resources
	{"no cpus", object{"resources": object{"cpus": 0}}, "resources.cpus"},
	{"negative cpus", object{"resources": object{"cpus": -1}}, "resources.cpus"},
	{"too many cpus", object{"resources": object{"cpus": 1e9}}, "resources.cpus"},
	{"memory without unit that exists", object{"resources": object{"memory": "4x"}}, "resources.memory"},
	{"memory below the least", object{"resources": object{"memory": "5m"}}, "resources.memory"},
	{"negative memory", object{"resources": object{"memory": "-512m"}}, "resources.memory"},
	{"infinite memory", object{"resources": object{"memory": "9999999999999p"}}, "resources.memory"},
	{"no number for memory", object{"resources": object{"memory": "NaN"}}, "resources.memory"},
	{"empty memory", object{"resources": object{"memory": ""}}, "resources.memory"},
	{"reservation above memory", object{"resources": object{"memory": "512m", "memory_reservation": "1g"}}, "resources.memory_reservation"},
	{"reservation", object{"resources": object{"memory_reservation": "lots"}}, "resources.memory_reservation"},
	{"gpus", object{"resources": object{"gpus": "some"}}, "resources.gpus"},
	{"no gpu", object{"resources": object{"gpus": "0"}}, "resources.gpus"},
	{"empty device", object{"resources": object{"gpus": "device="}}, "resources.gpus"},
	{"shm_size", object{"resources": object{"shm_size": "0"}}, "resources.shm_size"},
	{"pids_limit 0", object{"resources": object{"pids_limit": 0}}, "resources.pids_limit"},
	{"pids_limit -1", object{"resources": object{"pids_limit": -1}}, "resources.pids_limit"},
	// readiness
	{"empty readiness", object{"port": 80, "readiness": object{}}, "readiness"},
	{"two kinds", object{"port": 80, "readiness": object{"path": "/", "tcp": true}}, "readiness"},
	{"tcp = false", object{"port": 80, "readiness": object{"tcp": false}}, "readiness"},
	{"no port", object{"readiness": object{"path": "/"}}, "readiness"},
	{"relative path", object{"port": 80, "readiness": object{"path": "health"}}, "readiness.path"},
	{"request smuggling", object{"port": 80, "readiness": object{"path": "/ HTTP/1.1\r\nX: y"}}, "readiness.path"},
	{"scheme", object{"port": 80, "readiness": object{"path": "/", "scheme": "ftp"}}, "readiness.scheme"},
	{"scheme of tcp", object{"port": 80, "readiness": object{"tcp": true, "scheme": "https"}}, "readiness.scheme"},
	{"headers of grpc", object{"port": 80, "readiness": object{"grpc": true, "headers": object{"A": "b"}}}, "readiness.headers"},
	{"status of tcp", object{"port": 80, "readiness": object{"tcp": true, "expect_status": 200}}, "readiness.expect_status"},
	{"service of tcp", object{"port": 80, "readiness": object{"tcp": true, "grpc_service": "a"}}, "readiness.grpc_service"},
	{"readiness port", object{"readiness": object{"tcp": true, "port": 100000}}, "readiness.port"},
	{"header with line break", object{"port": 80, "readiness": object{"path": "/", "headers": object{"A": "b\r\nC: d"}}}, `readiness.headers["A"]`},
	{"header name", object{"port": 80, "readiness": object{"path": "/", "headers": object{"A B": "c"}}}, `readiness.headers["A B"]`},
	{"expect_status", object{"port": 80, "readiness": object{"path": "/", "expect_status": 20}}, "readiness.expect_status"},
	{"interval without unit", object{"port": 80, "readiness": object{"path": "/", "interval": "5"}}, "readiness.interval"},
	{"interval 0", object{"port": 80, "readiness": object{"path": "/", "interval": "0s"}}, "readiness.interval"},
	{"negative startup_timeout", object{"port": 80, "readiness": object{"path": "/", "startup_timeout": "-1m"}}, "readiness.startup_timeout"},
	{"never long enough", object{"port": 80, "readiness": object{"path": "/", "startup_timeout": "10s", "min_healthy_time": "10s"}}, "readiness.min_healthy_time"},
	{"asked once", object{"port": 80, "readiness": object{"path": "/", "startup_timeout": "10s", "interval": "20s"}}, "readiness.interval"},
	{"longer than the apply", object{"port": 80, "readiness": object{"path": "/", "startup_timeout": "20m"}}, "readiness.startup_timeout"},
	// health_check
	{"no command", object{"health_check": object{}}, "health_check.command"},
	{"empty command", object{"health_check": object{"command": []any{}}}, "health_check.command"},
	{"command without CMD", object{"health_check": object{"command": []any{"curl", "localhost"}}}, "health_check.command[0]"},
	{"CMD without program", object{"health_check": object{"command": []any{"CMD"}}}, "health_check.command"},
	{"CMD-SHELL with words", object{"health_check": object{"command": []any{"CMD-SHELL", "a", "b"}}}, "health_check.command"},
	{"NONE with words", object{"health_check": object{"command": []any{"NONE", "a"}}}, "health_check.command"},
	{"check interval", object{"health_check": object{"command": []any{"NONE"}, "interval": "1µ"}}, "health_check.interval"},
	{"check timeout below a millisecond", object{"health_check": object{"command": []any{"NONE"}, "timeout": "1us"}}, "health_check.timeout"},
	{"negative start_period", object{"health_check": object{"command": []any{"NONE"}, "start_period": "-1s"}}, "health_check.start_period"},
	{"retries 0", object{"health_check": object{"command": []any{"NONE"}, "retries": 0}}, "health_check.retries"},
	// validation
	{"nothing says when it is ready", object{"port": 80, "validation": []any{object{"path": "/"}}}, "validation"},
	{"33 requests", validating(slices.Repeat([]any{object{"path": "/"}}, 33)...), "validation"},
	{"null request", validating(nil), "validation[0]"},
	{"request without path", validating(object{}), "validation[0].path"},
	{"relative request", validating(object{"path": "infer"}), "validation[0].path"},
	{"request smuggled", validating(object{"path": "/"}, object{"path": "/ HTTP/1.1\r\nX: y"}), "validation[1].path"},
	{"method", validating(object{"path": "/", "method": "post"}), "validation[0].method"},
	{"method with a space", validating(object{"path": "/", "method": "GET /x"}), "validation[0].method"},
	{"scheme of a request", validating(object{"path": "/", "scheme": "grpc"}), "validation[0].scheme"},
	{"port of a request", validating(object{"path": "/", "port": 0}), "validation[0].port"},
	{"no port to ask", object{"readiness": object{"tcp": true, "port": 80}, "validation": []any{object{"path": "/"}}}, "validation[0]"},
	{"name of a request's header", validating(object{"path": "/", "headers": object{"A B": "c"}}), `validation[0].headers["A B"]`},
	{"request's header with line break", validating(object{"path": "/", "headers": object{"A": "b\r\nC: d"}}), `validation[0].headers["A"]`},
	{"header that frames the request", validating(object{"path": "/", "headers": object{"content-Length": "3"}}), `validation[0].headers["content-Length"]`},
	{"null header", validating(object{"path": "/", "headers": object{"A": nil}}), `validation[0].headers["A"]`},
	{"GET with a body", validating(object{"path": "/", "method": "GET", "body": "{}"}), "validation[0].body"},
	{"digest for a body", validating(object{"path": "/", "body": deployment.DigestOf("x")}), "validation[0].body"},
	{"bodies of more than 64 MiB", validating(object{"path": "/", "body": largeBody}, object{"path": "/", "body": "x"}), "validation[1].body"},
	{"status of a request", validating(object{"path": "/", "expect_status": 100}), "validation[0].expect_status"},
	{"no expectation", validating(object{"path": "/", "expect_json": object{}}), "validation[0].expect_json"},
	{"HEAD with a document", validating(object{"path": "/", "method": "HEAD", "expect_json": object{"$": object{"equals": "1"}}}), "validation[0].expect_json"},
	{"no JSONPath", validating(object{"path": "/", "expect_json": object{"score": object{"equals": "1"}}}), `validation[0].expect_json["score"]`},
	{"JSONPath of several", validating(object{"path": "/", "expect_json": object{"$.outputs[*]": object{"equals": "1"}}}), `validation[0].expect_json["$.outputs[*]"]`},
	{"null expectation", validating(object{"path": "/", "expect_json": object{"$": nil}}), `validation[0].expect_json["$"]`},
	{"expectation without a value", validating(object{"path": "/", "expect_json": object{"$": object{"tolerance": 1}}}), `validation[0].expect_json["$"].equals`},
	{"negative tolerance", validating(object{"path": "/", "expect_json": object{"$": object{"equals": "1", "tolerance": -1}}}), `validation[0].expect_json["$"].tolerance`},
	{"tolerance of a text", validating(object{"path": "/", "expect_json": object{"$": object{"equals": "hairnet", "tolerance": 1}}}), `validation[0].expect_json["$"].tolerance`},
	{"latency without unit", validating(object{"path": "/", "max_latency": "500"}), "validation[0].max_latency"},
	{"no time at all", validating(object{"path": "/", "max_latency": "0s"}), "validation[0].max_latency"},
	{"never asked", validating(object{"path": "/", "repeat": 0}), "validation[0].repeat"},
	{"asked for ever", validating(object{"path": "/", "repeat": 1001}), "validation[0].repeat"},
	// rollout, life
	{"kept twice", object{"rollout": object{"auto_rollback": false, "keep_failed": true}}, "rollout.keep_failed"},
	{"order", object{"rollout": object{"order": "start_first"}}, "rollout.order"},
	{"max_surge 0", object{"rollout": object{"max_surge": 0}}, "rollout.max_surge"},
	{"drain_timeout", object{"rollout": object{"drain_timeout": "soon"}}, "rollout.drain_timeout"},
	{"drain for ever", object{"rollout": object{"drain_timeout": "1h1s"}, "timeouts": object{"update": "3h", "delete": "3h"}}, "rollout.drain_timeout"},
	{"drain longer than the update", object{"rollout": object{"drain_timeout": "20m"}, "timeouts": object{"delete": "1h"}}, "rollout.drain_timeout"},
	{"drain longer than the delete", object{"rollout": object{"drain_timeout": "15m"}}, "rollout.drain_timeout"},
	{"restart policy", object{"restart_policy": "sometimes"}, "restart_policy"},
	{"restart policy with count", object{"restart_policy": "always:3"}, "restart_policy"},
	{"negative restarts", object{"restart_policy": "on-failure:-1"}, "restart_policy"},
	{"signal", object{"stop_signal": "SIGNOTHING"}, "stop_signal"},
	{"signal 0", object{"stop_signal": "0"}, "stop_signal"},
	{"desired state", object{"desired_state": "paused"}, "desired_state"},
	// security, logging
	{"capability", object{"security": object{"cap_add": []any{"net admin"}}}, "security.cap_add"},
	{"capability added and dropped", object{"security": object{"cap_add": []any{"ALL"}, "cap_drop": []any{"CAP_ALL"}}}, "security.cap_drop"},
	{"seccomp by path", object{"security": object{"seccomp": "profile.json"}}, "security.seccomp"},
	{"seccomp without defaultAction", object{"security": object{"seccomp": "{}"}}, "security.seccomp"},
	{"apparmor", object{"security": object{"apparmor": "a b"}}, "security.apparmor"},
	{"no log driver", object{"logging": object{}}, "logging.driver"},
	{"log driver", object{"logging": object{"driver": "json file"}}, "logging.driver"},
	{"null log option", object{"logging": object{"driver": "local", "options": object{"max-size": nil}}}, `logging.options["max-size"]`},
	// timeouts
	{"timeout", object{"timeouts": object{"create": "forever"}}, "timeouts.create"},
	{"negative timeout", object{"timeouts": object{"delete": "-1m"}}, "timeouts.delete"},
	{"timeout without unit", object{"timeouts": object{"read": "30"}}, "timeouts.read"},
}
