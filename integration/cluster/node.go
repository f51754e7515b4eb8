package cluster

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"
)

// smallJVM keeps three nodes and the tests on a small machine: Java's second compiler, which would make the code of a
// longer life fast, takes the processors of a short one.
var smallJVM = []string{"-Xms64m", "-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Djava.awt.headless=true"}

// node is one broker and controller: its files, its ports and, while it runs, its process.
type node struct {
	id    int
	java  string
	jvm   []string // flags of the broker's Java
	libs  string
	dir   string
	ports []int // of the controller, then of each listener

	mu   sync.Mutex // guards proc
	proc *process   // nil while the node is down
}

// process is one run of a node.
type process struct {
	cmd    *exec.Cmd
	ready  chan struct{} // closed when the log says that the node serves
	exited chan struct{} // closed when the process is gone
	err    error         // why; readable after exited
}

func (n *node) logFile() string        { return filepath.Join(n.dir, "kafka.log") }
func (n *node) propertiesFile() string { return filepath.Join(n.dir, "server.properties") }

func (n *node) writeProperties(p map[string]string) error {
	var b bytes.Buffer
	for _, k := range slices.Sorted(maps.Keys(p)) {
		fmt.Fprintf(&b, "%s=%s\n", k, p[k])
	}
	return os.WriteFile(n.propertiesFile(), b.Bytes(), 0o600)
}

// command runs a class of Kafka.
func (n *node) command(flags []string, class string, args ...string) []string {
	cmd := append([]string{n.java}, flags...)
	cmd = append(cmd, "-cp", filepath.Join(n.libs, "*"), class)
	return append(cmd, args...)
}

// format makes the node's storage; the SCRAM users and the levels of features are part of it.
func (n *node) format(ctx context.Context, cluster string, users bool, features map[string]int) error {
	ctx, cancel := within(ctx, time.Minute)
	defer cancel()
	args := []string{"format", "-t", cluster, "-c", n.propertiesFile()}
	if users {
		for _, mechanism := range []string{"SCRAM-SHA-256", "SCRAM-SHA-512"} {
			args = append(args, "--add-scram", fmt.Sprintf("%s=[name=%s,password=%s]", mechanism, ScramUser, ScramPassword))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(features)) {
		args = append(args, "--feature", fmt.Sprintf("%s=%d", name, features[name]))
	}
	cmd := n.command(smallJVM, "kafka.tools.StorageTool", args...)
	if out, err := exec.CommandContext(ctx, cmd[0], cmd[1:]...).CombinedOutput(); err != nil {
		return fmt.Errorf("formatting the storage of node %d: %w\n%s", n.id, err, out)
	}
	return nil
}

// start runs the node and waits until it serves. A node that runs already is left alone.
func (n *node) start(ctx context.Context) error {
	ctx, cancel := within(ctx, 2*time.Minute)
	defer cancel()
	p, err := n.launch()
	if err != nil {
		return err
	}
	select {
	case <-p.ready:
		return nil
	case <-p.exited:
		return fmt.Errorf("node %d ended before it served: %w", n.id, p.err)
	case <-ctx.Done():
		return fmt.Errorf("node %d does not serve: %w", n.id, ctx.Err())
	}
}

func (n *node) launch() (*process, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.proc != nil {
		return n.proc, nil
	}
	log, err := os.OpenFile(n.logFile(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	args := n.command(n.jvm, "kafka.Kafka", n.propertiesFile())
	p := &process{cmd: exec.Command(args[0], args[1:]...), ready: make(chan struct{}), exited: make(chan struct{})}
	w := &watcher{to: log, line: []byte("Kafka Server started"), seen: sync.OnceFunc(func() { close(p.ready) })}
	p.cmd.Stdout, p.cmd.Stderr, p.cmd.Dir = w, w, n.dir
	p.cmd.WaitDelay = 5 * time.Second
	endWithParent(p.cmd)
	started := make(chan error)
	go func() {
		// The kernel ends the child when the thread that started it ends, so this goroutine keeps its thread.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := p.cmd.Start()
		started <- err
		if err == nil {
			p.err = p.cmd.Wait()
			close(p.exited)
		}
		_ = log.Close()
	}()
	if err := <-started; err != nil {
		return nil, fmt.Errorf("starting node %d: %w", n.id, err)
	}
	n.proc = p
	return p, nil
}

// kill ends the process by SIGKILL and returns when it is gone.
func (n *node) kill() error {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.endLocked(syscall.SIGKILL, 10*time.Second)
}

// stop asks the process to end and returns when it is gone.
func (n *node) stop(ctx context.Context) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	wait := 30 * time.Second
	if d, ok := ctx.Deadline(); ok {
		wait = time.Until(d)
	}
	if err := n.endLocked(syscall.SIGTERM, wait); err != nil {
		return errors.Join(err, n.endLocked(syscall.SIGKILL, 10*time.Second))
	}
	return nil
}

func (n *node) endLocked(sig syscall.Signal, wait time.Duration) error {
	if n.proc == nil {
		return nil
	}
	if err := n.proc.cmd.Process.Signal(sig); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("signalling node %d: %w", n.id, err)
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-n.proc.exited:
		n.proc = nil
		return nil
	case <-timer.C:
		return fmt.Errorf("node %d still runs %v after %v", n.id, wait, sig)
	}
}

// tail returns the last lines of the log.
func (n *node) tail(lines int) string {
	text, err := os.ReadFile(n.logFile())
	if err != nil {
		return err.Error() + "\n"
	}
	all := strings.SplitAfter(string(text), "\n")
	return strings.Join(all[max(0, len(all)-lines):], "")
}

// watcher copies a log and tells when a text comes by.
type watcher struct {
	to   io.Writer
	line []byte
	seen func()
	rest []byte // the end of what came before: the text may be cut in two
}

func (w *watcher) Write(b []byte) (int, error) {
	joined := append(w.rest, b...)
	if bytes.Contains(joined, w.line) {
		w.seen()
	}
	w.rest = bytes.Clone(joined[max(0, len(joined)-len(w.line)):])
	return w.to.Write(b)
}
