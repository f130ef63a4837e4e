package provider

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/docker/go-units"
)

// Bounds of what an engine can do with sizes.
const (
	minMemory = 6 << 20 // the engine refuses less
	maxBytes  = 1 << 60 // beyond it the arithmetic of sizes overflows
)

// parseDuration reads a duration such as 1m30s.
func parseDuration(value string) (time.Duration, error) {
	d, err := time.ParseDuration(value)
	if err != nil {
		return 0, errors.New("is not a duration: write it like 30s, 1m30s or 2h")
	}
	return d, nil
}

// durationAtLeast accepts durations of at least the given one.
func durationAtLeast(least time.Duration) check {
	return func(value string) error {
		d, err := parseDuration(value)
		if err == nil && d < least {
			return fmt.Errorf("is too short: the least is %s", formatDuration(least))
		}
		return err
	}
}

// durationBetween accepts durations from least to most.
func durationBetween(least, most time.Duration) check {
	atLeast := durationAtLeast(least)
	return func(value string) error {
		err := atLeast(value)
		if d, _ := parseDuration(value); err == nil && d > most {
			return fmt.Errorf("is too long: the most is %s", formatDuration(most))
		}
		return err
	}
}

// formatDuration writes a duration as users do: 1m, not 1m0s.
func formatDuration(d time.Duration) string {
	text := d.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}

// parseBytes reads an amount of memory in binary units, such as 512m or 0.5g.
func parseBytes(value string) (int64, error) {
	n, err := units.RAMInBytes(strings.TrimSpace(value))
	switch {
	case err != nil:
		return 0, errors.New("is not an amount of memory: write it like 512m or 4g")
	case n < 0 || n > maxBytes: // negative: it overflowed
		return 0, errors.New("is more memory than any host has")
	}
	return n, nil
}

// bytesAtLeast accepts amounts of memory of at least so many bytes.
func bytesAtLeast(least int64) check {
	return func(value string) error {
		n, err := parseBytes(value)
		if err == nil && n < least {
			return fmt.Errorf("is too little: the least is %s", units.BytesSize(float64(least)))
		}
		return err
	}
}
