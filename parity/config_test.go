package parity

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// In the environment of a child process of this test: the side whose clients it makes, and the case to begin with.
const (
	childSide = "PARITY_CONFIG_SIDE"
	childFrom = "PARITY_CONFIG_FROM"
)

// limitOfCase is how long making a client, and closing it, may take.
const limitOfCase = 20 * time.Second

// verdict is what a side says to a configuration.
type verdict struct {
	text   string // "accepted", or the type, code and text of the error; "panic: …" and "hangs" where that happened
	closed bool   // Close returned, or there was nothing to close
}

// TestConfigVerdicts: both sides take the same configurations, and refuse the others with the same code and text.
func TestConfigVerdicts(t *testing.T) {
	cases := configCases(t)
	if side := os.Getenv(childSide); side != "" {
		configChild(side, cases)
		return
	}
	var theirs, ours []verdict
	var theirErr, ourErr error
	var both sync.WaitGroup
	both.Go(func() { theirs, theirErr = verdicts("peer", len(cases)) })
	both.Go(func() { ours, ourErr = verdicts("ours", len(cases)) })
	both.Wait()
	if err := errors.Join(theirErr, ourErr); err != nil {
		t.Fatal(err)
	}
	seen := map[string]int{}
	different := 0
	for i, c := range cases {
		if !ours[i].closed {
			t.Errorf("%s: Close does not return", c)
		}
		if ours[i].text == theirs[i].text {
			continue
		}
		if id := permitted(c, ours[i].text, theirs[i].text); id != "" {
			seen[id]++
			continue
		}
		different++
		t.Errorf("%s\n ours: %s\n peer: %s", c, ours[i].text, theirs[i].text)
	}
	t.Logf("%d configurations, %d differ, permitted differences by row of DIVERGENCES.md: %v", len(cases), different, seen)
	for _, d := range configDivergences {
		divergence(t, d.id)
		if seen[d.id] == 0 {
			t.Errorf("no configuration differs because of %s any more", d.id)
		}
	}
}

// verdicts runs all n cases in child processes: one that dies or hangs costs its case only.
func verdicts(side string, n int) (all []verdict, err error) {
	for err == nil && len(all) < n {
		all, err = configRun(side, all)
	}
	return all, err
}

// configRun starts a child with the first case that has no verdict yet and collects until it ends.
func configRun(side string, all []verdict) ([]verdict, error) {
	in, out, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer in.Close()
	var stderr beginning
	cmd := exec.Command(os.Args[0], "-test.run=^TestConfigVerdicts$", "-test.timeout=0")
	cmd.Env = append(os.Environ(), childSide+"="+side, childFrom+"="+strconv.Itoa(len(all)))
	cmd.ExtraFiles = []*os.File{out}
	cmd.Stderr = &stderr
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	_ = out.Close()
	var killed atomic.Bool
	watch := time.AfterFunc(limitOfCase, func() { killed.Store(true); _ = cmd.Process.Kill() })
	closing := false // the last verdict is there, its Close still runs
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		watch.Reset(limitOfCase)
		if lines.Text() == "closed" {
			all[len(all)-1].closed, closing = true, false
			continue
		}
		text, err := strconv.Unquote(lines.Text())
		if err != nil {
			return nil, fmt.Errorf("%s: a line from the child: %q", side, lines.Text())
		}
		all, closing = append(all, verdict{text: text}), true
	}
	watch.Stop()
	switch err = cmd.Wait(); {
	case err == nil || closing:
		return all, nil
	case killed.Load():
		return append(all, verdict{text: "hangs", closed: true}), nil
	}
	return append(all, verdict{text: "dies: " + stderr.reason(), closed: true}), nil
}

// configChild makes the clients and writes two lines for each to descriptor 3: the verdict, and "closed".
func configChild(side string, cases []configCase) {
	out := os.NewFile(3, "verdicts")
	from, _ := strconv.Atoi(os.Getenv(childFrom))
	make := makeOurs
	if side == "peer" {
		make = makePeers
	}
	for _, c := range cases[from:] {
		text, closeIt := make(c)
		fmt.Fprintf(out, "%q\n", text)
		// The peer's consumer with an empty group id is known never to return from Close.
		if closeIt != nil && (side != "peer" || c.kind != "consumer" || !emptyGroup(c)) {
			closeIt()
		}
		fmt.Fprintln(out, "closed")
	}
	os.Exit(0)
}

func emptyGroup(c configCase) bool {
	for _, s := range c.settings {
		if s.key == "group.id" {
			return strings.TrimSpace(fmt.Sprint(s.value)) == ""
		}
	}
	return false
}

// basics are the settings that every case has unless it sets them itself: no broker is ever reached.
func basics(c configCase, set func(key string, value any)) {
	set("bootstrap.servers", "127.0.0.1:1")
	if c.kind == "consumer" {
		set("group.id", "g")
	}
	for _, s := range c.settings {
		if s.key == "metadata.broker.list" {
			set("bootstrap.servers", nil) // its alias; nil removes
		}
		if s.key == "log_level" {
			return
		}
	}
	set("log_level", 0)
}

// verdictOf names the type of an error, its code where it has one, and its text.
func verdictOf(err error, code func(error) (int, bool)) string {
	if err == nil {
		return "accepted"
	}
	if n, ok := code(err); ok {
		return fmt.Sprintf("code %d %q", n, err)
	}
	return fmt.Sprintf("%T %q", err, err)
}

// recovered turns a panic into a verdict.
func recovered(text *string) {
	if r := recover(); r != nil {
		*text = "panic: " + fmt.Sprint(r)
	}
}

// beginning keeps the first MB that is written to it.
type beginning struct{ b []byte }

func (w *beginning) Write(p []byte) (int, error) {
	if len(w.b) < 1<<20 {
		w.b = append(w.b, p...)
	}
	return len(p), nil
}

// reason is the line that says why a process died.
func (w *beginning) reason() string {
	s := string(w.b)
	for _, head := range []string{"panic: ", "fatal error: ", "SIG"} {
		if i := strings.LastIndex(s, head); i >= 0 {
			s = s[i:]
			break
		}
	}
	s, _, _ = strings.Cut(s, "\n")
	return s
}
