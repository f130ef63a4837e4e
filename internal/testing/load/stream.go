package load

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"golang.org/x/net/websocket"
)

// eventPause is the time between two events of a stream, and between two texts
// that are sent to a WebSocket.
const eventPause = 100 * time.Millisecond

// events reads a stream of the test server to its end: every event, in order,
// and a last one that says how many there were. The answer is the version that
// all of it came from.
func (c *connection) events(opt Options) (string, error) {
	_ = c.SetDeadline(time.Now().Add(answerTimeout))
	if _, err := fmt.Fprintf(c, "GET %s HTTP/1.1\r\nHost: load\r\nConnection: close\r\n%s\r\n", opt.Path, headerLines(opt.Header)); err != nil {
		return "", plain("write", err)
	}
	response, err := http.ReadResponse(c.reader, &http.Request{Method: http.MethodGet})
	if err != nil {
		return "", plain("read", err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return "", fmt.Errorf("events: status %d", response.StatusCode)
	}
	lines, version := bufio.NewReader(response.Body), ""
	for n := 0; ; n++ {
		_ = c.SetDeadline(time.Now().Add(answerTimeout))
		event, err := readEvent(lines)
		switch {
		case err != nil:
			return "", plain(fmt.Sprintf("cut after %d events", n), err)
		case event["event"] == "end" && event["data"] == fmt.Sprint(n) && n > 0:
			return version, nil
		case event["id"] != fmt.Sprint(n):
			return "", fmt.Errorf("event %q instead of number %d", event, n)
		case n > 0 && event["data"] != version:
			return "", fmt.Errorf("an event of %q in a stream of %q", event["data"], version)
		}
		version = event["data"]
	}
}

// readEvent is the fields of the next event.
func readEvent(r *bufio.Reader) (map[string]string, error) {
	event := map[string]string{}
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			if err == io.EOF {
				err = io.ErrUnexpectedEOF // a whole stream ends with an event
			}
			return nil, err
		}
		name, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), ": ")
		if name == "" {
			return event, nil
		}
		event[name] = value
	}
}

// talk sends texts to a WebSocket of the test server, each of which must come
// back, until the stream is as long as wanted. The answer is the version that
// all of them came back with.
func (c *connection) talk(opt Options) (string, error) {
	_ = c.SetDeadline(time.Now().Add(answerTimeout))
	config, err := websocket.NewConfig("ws://load"+opt.Path, "http://load")
	if err != nil {
		return "", err
	}
	for name, value := range opt.Header {
		config.Header.Set(name, value)
	}
	socket, err := websocket.NewClient(config, c.Conn)
	if err != nil {
		return "", plain("WebSocket", err)
	}
	version := ""
	for n, end := 0, time.Now().Add(opt.Length); ; n++ {
		_ = c.SetDeadline(time.Now().Add(answerTimeout))
		last := time.Now().After(end)
		text := fmt.Sprint(n)
		if last {
			text = "end"
		}
		var answer string
		if err := websocket.Message.Send(socket, text); err != nil {
			return "", plain(fmt.Sprintf("WebSocket cut after %d texts", n), err)
		}
		if err := websocket.Message.Receive(socket, &answer); err != nil {
			return "", plain(fmt.Sprintf("WebSocket cut after %d texts", n), err)
		}
		said, value, _ := strings.Cut(answer, " ")
		switch {
		case said != text || last && value != fmt.Sprint(n) || !last && n > 0 && value != version:
			return "", fmt.Errorf("WebSocket: %q came back as %q of %q", text, answer, version)
		case last:
			return version, nil
		}
		version = value
		time.Sleep(eventPause)
	}
}
