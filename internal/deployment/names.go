package deployment

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// NamePattern is what a deployment name looks like; at least two characters,
// because Docker refuses shorter container names.
const NamePattern = `^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])$`

// TaskPattern is what a detection task looks like.
const TaskPattern = `^[a-z0-9]([a-z0-9_]{0,56}[a-z0-9])?$`

var (
	nameRE = regexp.MustCompile(NamePattern)
	taskRE = regexp.MustCompile(TaskPattern)
)

// ValidName reports whether name can name a deployment.
func ValidName(name string) bool { return nameRE.MatchString(name) }

// ValidTask reports whether task can be a detection task.
func ValidTask(task string) bool { return taskRE.MatchString(task) }

// NameForTask is the deployment name of a detection task:
// hairnet_detection becomes pyt-hairnet-detection.
func NameForTask(prefix, task string) string {
	return prefix + strings.ReplaceAll(task, "_", "-")
}

// TaskForName is the detection task that NameForTask made name of; false when
// name does not begin with prefix.
func TaskForName(prefix, name string) (string, bool) {
	rest, ok := strings.CutPrefix(name, prefix)
	task := strings.ReplaceAll(rest, "-", "_")
	return task, ok && prefix != "" && ValidTask(task)
}

// SlotName is the container name of a slot in service: the deployment's own
// name for slot 0, so that "docker logs NAME" works as it always did.
// The dot cannot occur in a deployment name, so nothing collides.
func SlotName(name string, slot int) string {
	if slot == 0 {
		return name
	}
	return name + "." + strconv.Itoa(slot+1)
}

// CandidateName is the container name of a slot that is not in service: not
// yet promoted, or already superseded.
func CandidateName(name string, revision, slot int) string {
	return fmt.Sprintf("%s.r%d.%d", name, revision, slot)
}

// FailedName is the container name of a replica that failed and is kept.
func FailedName(name string) string { return name + ".failed" }

// LockName is the name of the container that locks the deployment.
func LockName(name string) string { return name + ".lock" }

// RecordName is the name of the n-th record volume.
func RecordName(name string, n int) string { return fmt.Sprintf("mlops.%s.%d", name, n) }
