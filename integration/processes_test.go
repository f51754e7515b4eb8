package integration_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/purego-kafka/kafka/integration/cluster"
)

// process is a child that reads a topic.
type process struct {
	t      *testing.T
	cmd    *exec.Cmd
	stdin  io.Closer
	stderr bytes.Buffer
	out    string
	ended  chan struct{} // closed when it is gone
	err    error         // readable after that
}

// startProcess runs the test binary as a consumer.
func startProcess(t *testing.T, c *cluster.Cluster, name string, env map[string]string) *process {
	t.Helper()
	p := &process{t: t, out: filepath.Join(t.TempDir(), name), ended: make(chan struct{})}
	p.cmd = exec.Command(os.Args[0])
	p.cmd.Env = append(os.Environ(), childBrokers+"="+c.Bootstrap(cluster.Plain), childOut+"="+p.out)
	for k, v := range env {
		p.cmd.Env = append(p.cmd.Env, k+"="+v)
	}
	p.cmd.Stdout, p.cmd.Stderr = &p.stderr, &p.stderr
	stdin, err := p.cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	p.stdin = stdin
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		p.err = p.cmd.Wait()
		close(p.ended)
	}()
	t.Cleanup(func() {
		p.signal(syscall.SIGKILL)
		<-p.ended
		if t.Failed() {
			t.Logf("process %s: %v\n%s", name, p.err, p.stderr.String())
		}
	})
	return p
}

func (p *process) signal(s syscall.Signal) {
	select {
	case <-p.ended:
	default:
		_ = p.cmd.Process.Signal(s)
	}
}

// leave ends the process in the orderly way.
func (p *process) leave() {
	p.t.Helper()
	_ = p.stdin.Close()
	select {
	case <-p.ended:
		if p.err != nil {
			p.t.Errorf("the process ended with %v: %s", p.err, p.stderr.String())
		}
	case <-time.After(patience):
		p.t.Errorf("the process has not ended 20 s after the end of its input")
	}
}

// handled returns how often the process handled each message, by "partition offset".
func (p *process) handled() map[string]int {
	p.t.Helper()
	text, err := os.ReadFile(p.out)
	if err != nil && !os.IsNotExist(err) {
		p.t.Fatal(err)
	}
	seen := map[string]int{}
	for line := range strings.Lines(string(text)) {
		if at, whole := strings.CutSuffix(line, "\n"); whole { // else it is being written
			seen[at]++
		}
	}
	return seen
}

// partitions returns the partitions that the process has read from.
func (p *process) partitions() map[string]bool {
	all := map[string]bool{}
	for at := range p.handled() {
		partition, _, _ := strings.Cut(at, " ")
		all[partition] = true
	}
	return all
}

// beyond returns the partitions of which the process has read past where they ended at some time.
func (p *process) beyond(ends map[int32]int64) map[int32]bool {
	past := map[int32]bool{}
	for at := range p.handled() {
		var partition int32
		var offset int64
		if _, err := fmt.Sscan(at, &partition, &offset); err != nil {
			p.t.Fatalf("the process wrote %q: %v", at, err)
		}
		if offset >= ends[partition] {
			past[partition] = true
		}
	}
	return past
}

// Two processes share a topic while messages come in. One is killed, or stands still for longer than its session. The
// other takes its partitions over. What the way of reading promises about each message is counted.
func TestProcesses(t *testing.T) {
	t.Parallel()
	c := broker(t)
	rows := []struct {
		mode     string
		protocol string
		halt     bool // stands still and goes on, instead of being killed
		lost     int  // messages that may be lost; -1: any number
		twice    bool // messages may be handled twice
	}{
		{mode: "default", protocol: "classic", lost: 1, twice: true},
		{mode: "default", protocol: "consumer", lost: 1, twice: true},
		{mode: "at least once", protocol: "classic", lost: 0, twice: true},
		{mode: "at least once", protocol: "consumer", lost: 0, twice: true},
		{mode: "at least once", protocol: "classic", halt: true, lost: 0, twice: true},
		{mode: "at most once", protocol: "classic", lost: batchOfChild},
		{mode: "at most once", protocol: "consumer", lost: batchOfChild},
		{mode: "at most once", protocol: "classic", halt: true, lost: batchOfChild},
	}
	for _, row := range rows {
		what := "killed"
		if row.halt {
			what = "halted"
		}
		t.Run(fmt.Sprintf("%s %s %s", row.mode, row.protocol, what), func(t *testing.T) {
			t.Parallel()
			if row.protocol == "consumer" && os.Getenv("KAFKA_BROKERS") != "" {
				t.Log("the session timeout of this protocol is the broker's: this may take a minute")
			}
			const partitions = 4
			topic, group := newTopic(t, c, partitions), unique(t, "group")
			env := map[string]string{childMode: row.mode, childGroup: group, childTopic: topic, childProto: row.protocol}
			writer := startWriter(t, c, topic, partitions)
			victim, heir := startProcess(t, c, "victim", env), startProcess(t, c, "heir", env)
			await(t, patience, "both processes read two partitions each", func() bool {
				return len(victim.handled()) >= 50 && len(heir.handled()) >= 50 && len(victim.partitions()) >= 2 && len(heir.partitions()) >= 2
			})
			before := heir.partitions()
			if row.halt {
				victim.signal(syscall.SIGSTOP)
			} else {
				victim.signal(syscall.SIGKILL)
				<-victim.ended
			}
			gone := time.Now()
			// The heir may have read all partitions before the victim joined: what counts is that it reads on everywhere.
			mark := writer.ends()
			await(t, patience, "the heir reads all partitions beyond where they were", func() bool {
				return len(heir.beyond(mark)) == partitions
			})
			t.Logf("the heir had read %v and took all over after %v", slices.Sorted(maps.Keys(before)), time.Since(gone).Round(100*time.Millisecond))
			if row.halt {
				awake := writer.ends()
				victim.signal(syscall.SIGCONT)
				await(t, patience, "the halted process has partitions again", func() bool {
					return len(victim.beyond(awake)) > 0
				})
			}
			ends := writer.stop()
			await(t, patience, "the group has read to the end", func() bool {
				for p, end := range ends {
					if committed(t, c, group, topic, p) < end {
						return false
					}
				}
				return true
			})
			heir.leave()
			if row.halt {
				victim.leave()
			}
			for p, end := range ends {
				if got := committed(t, c, group, topic, p); got != end {
					t.Errorf("partition %d: offset %d is committed, want %d", p, got, end)
				}
			}
			all := union(victim.handled(), heir.handled())
			lost := total(ends) - len(all)
			repeated := 0
			for at, n := range all {
				if n > 1 {
					repeated++
					if !row.twice {
						t.Errorf("message %s was handled %d times", at, n)
					}
				}
			}
			if lost > row.lost {
				t.Errorf("%d of %d messages were lost, want at most %d", lost, total(ends), row.lost)
			}
			t.Logf("of %d messages %d were lost, %d handled twice", total(ends), lost, repeated)
		})
	}
}

func union(maps ...map[string]int) map[string]int {
	all := map[string]int{}
	for _, m := range maps {
		for at, n := range m {
			all[at] += n
		}
	}
	return all
}

func total(ends map[int32]int64) (n int) {
	for _, end := range ends {
		n += int(end)
	}
	return n
}

// writer adds messages to all partitions of a topic until it is stopped.
type writer struct {
	t      *testing.T
	c      *cluster.Cluster
	topic  string
	cancel context.CancelFunc
	done   chan struct{}
}

func startWriter(t *testing.T, c *cluster.Cluster, topic string, partitions int) *writer {
	ctx, cancel := context.WithCancel(t.Context())
	w := &writer{t: t, c: c, topic: topic, cancel: cancel, done: make(chan struct{})}
	go func() {
		defer close(w.done)
		tick := time.NewTicker(20 * time.Millisecond)
		defer tick.Stop()
		for {
			for p := range int32(partitions) {
				put(t, c, topic, p, numbers(0, 5)...)
			}
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
		}
	}()
	t.Cleanup(func() { w.cancel(); <-w.done })
	return w
}

// ends returns where the partitions end.
func (w *writer) ends() map[int32]int64 {
	w.t.Helper()
	listed, err := admin(w.t, w.c).ListEndOffsets(w.t.Context(), w.topic)
	if err != nil {
		w.t.Fatal(err)
	}
	ends := map[int32]int64{}
	for p, o := range listed[w.topic] {
		ends[p] = o.Offset
	}
	return ends
}

// stop ends the writing and returns where the partitions end now.
func (w *writer) stop() map[int32]int64 {
	w.t.Helper()
	w.cancel()
	<-w.done
	return w.ends()
}
