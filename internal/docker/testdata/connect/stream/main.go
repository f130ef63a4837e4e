// Command stream is the whole of a test image: it echoes stdin, or with any argument waits for ever.
package main

import (
	"io"
	"os"
	"time"
)

func main() {
	if len(os.Args) > 1 {
		time.Sleep(time.Hour)
	}
	_, _ = io.Copy(os.Stdout, os.Stdin)
}
