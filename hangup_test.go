package kafka

import (
	"fmt"
	"net"
	"runtime"
	"testing"
	"time"

	"github.com/purego-kafka/kafka/internal/testcluster"
)

// tcpPair returns both ends of a connection.
func tcpPair(t *testing.T) (near, far net.Conn) {
	t.Helper()
	accepted := make(chan net.Conn, 1)
	addr := serve(t, func(c net.Conn) { accepted <- c })
	near, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	far = <-accepted
	t.Cleanup(func() { _, _ = near.Close(), far.Close() })
	return near, far
}

// TestHangups: of many connections only those that the other side ended are told of, also if that was before. Data does
// not wake the watch.
func TestHangups(t *testing.T) {
	t.Parallel()
	onlyLinux(t)
	var w hangupWatch
	w.join()
	told := make(chan int, 100)
	watched := func(i int, near net.Conn) uint64 {
		t.Helper()
		id, ok := w.add(near, func() { told <- i })
		if !ok {
			t.Fatalf("connection %d can't be watched", i)
		}
		return id
	}
	var far [10]net.Conn
	var near [10]net.Conn
	for i := range far {
		near[i], far[i] = tcpPair(t)
	}
	_ = far[0].Close()
	for i := range far {
		watched(i, near[i])
	}
	_, _ = far[1].Write([]byte("data"))
	_, _ = far[2].Write([]byte("data, and the end"))
	_ = far[2].Close()
	got := map[int]bool{hangup(t, told): true, hangup(t, told): true}
	if !got[0] || !got[2] {
		t.Errorf("told of %v, want 0 and 2", got)
	}
	near[3], far[3] = tcpPair(t)
	w.remove(watched(30, near[3]))
	_ = far[3].Close()
	_ = far[4].Close()
	if i := hangup(t, told); i != 4 {
		t.Errorf("told of %d, want 4", i)
	}
	select {
	case i := <-told:
		t.Errorf("told of %d, which is in order", i)
	default:
	}
	w.leave()
	if w.poller != nil {
		t.Error("the last client has left, and the watch goes on")
	}
	w.join() // and anew
	near[0], far[0] = tcpPair(t)
	watched(40, near[0])
	_ = far[0].Close()
	if i := hangup(t, told); i != 40 {
		t.Errorf("told of %d, want 40", i)
	}
	w.leave()
}

func onlyLinux(t *testing.T) {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("only Linux tells of the end of connections: see poller")
	}
}

func hangup(t *testing.T, told <-chan int) int {
	t.Helper()
	select {
	case i := <-told:
		return i
	case <-time.After(20 * time.Second):
		t.Fatal("nothing told in 20 seconds")
		return -1
	}
}

// TestIdleClientSleeps: a client whose connections are watched has neither a goroutine nor a timer to look at them. That it
// finds out about their end all the same is in TestLostBroker.
func TestIdleClientSleeps(t *testing.T) {
	t.Parallel()
	onlyLinux(t)
	c := testcluster.New(t, 1)
	w := watch(t, ConfigMap{"bootstrap.servers": c.Bootstrap})
	w.up(t)
	for end := time.Now().Add(20 * time.Second); w.busy(); runtime.Gosched() {
		if time.Now().After(end) {
			t.Fatal("a goroutine is there that has nothing to do")
		}
	}
}

// busy reports whether one of the goroutines runs that look after brokers.
func (w *watched) busy() bool {
	w.brokers.mu.Lock()
	defer w.brokers.mu.Unlock()
	return w.brokers.probe.running || w.brokers.tell.running
}

// TestWatchedConnection: a connection that has ended is looked at until there is no answer left to read.
func TestWatchedConnection(t *testing.T) {
	t.Parallel()
	onlyLinux(t)
	w := watchUnstarted(t, ConfigMap{"bootstrap.servers": "127.0.0.1:1"})
	b := &w.brokers
	near, far := tcpPair(t)
	conn := &brokerConn{Conn: near, tcp: near, opened: time.Now()}
	k := b.findLocked("127.0.0.1:1", 1)
	b.mu.Lock()
	b.open[conn], k.conns = k, 1
	b.watchLocked(conn)
	b.mu.Unlock()
	if !b.rest() {
		t.Fatal("a connection that is watched is looked at")
	}
	fmt.Fprint(far, "answer")
	_ = far.Close()
	select {
	case <-b.search:
	case <-time.After(20 * time.Second):
		t.Fatal("the end is not told in 20 seconds")
	}
	b.checkConnections()
	if b.rest() || !w.anyBrokerUp() {
		t.Fatal("a connection with an answer to read is taken for ended, or not looked at any more")
	}
	if _, err := conn.Read(make([]byte, len("answer"))); err != nil {
		t.Fatal(err)
	}
	b.checkConnections()
	if w.anyBrokerUp() {
		t.Error("the end is not seen")
	}
}
