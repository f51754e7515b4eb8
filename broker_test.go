package kafka

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"regexp"
	"runtime"
	"strconv"
	"testing"
	"time"

	"github.com/purego-kafka/kafka/internal/testcluster"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// watched is a client whose events and log lines a test reads.
type watched struct {
	*client
	events chan Event
	lines  chan LogEvent
}

// watch starts a client that ends with the test.
func watch(t *testing.T, conf ConfigMap) *watched {
	t.Helper()
	w := watchUnstarted(t, conf)
	w.start()
	return w
}

func watchUnstarted(t *testing.T, conf ConfigMap) *watched {
	t.Helper()
	w := &watched{events: make(chan Event, 1000), lines: make(chan LogEvent, 1000)}
	conf["go.logs.channel.enable"] = true
	conf["go.logs.channel"] = w.lines
	s, err := resolve(&conf, producerClient)
	if err != nil {
		t.Fatal(err)
	}
	if w.client, err = newClient(s, func(ev Event) { w.events <- ev }); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.stop)
	return w
}

// error waits for the next Error event.
func (w *watched) error(t *testing.T) Error {
	t.Helper()
	for {
		if e, ok := w.event(t).(Error); ok {
			return e
		}
	}
}

func (w *watched) event(t *testing.T) Event {
	t.Helper()
	select {
	case ev := <-w.events:
		return ev
	case <-time.After(20 * time.Second):
		t.Fatal("no event in 20 seconds")
		return nil
	}
}

// line waits for the next log line with a tag.
func (w *watched) line(t *testing.T, tag string) LogEvent {
	t.Helper()
	end := time.After(20 * time.Second)
	for {
		select {
		case l := <-w.lines:
			if l.Tag == tag {
				return l
			}
		case <-end:
			t.Fatalf("no log line with %s in 20 seconds", tag)
		}
	}
}

// up waits until a broker is connected.
func (w *watched) up(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if err := w.awaitBroker(ctx); err != nil {
		t.Fatalf("no broker came up: %v", err)
	}
}

func wantError(t *testing.T, got Error, code ErrorCode, text string) {
	t.Helper()
	if got.Code() != code || !regexp.MustCompile("^"+text+"$").MatchString(got.String()) {
		t.Errorf("event %d %q, want %d %s", got.Code(), got, code, text)
	}
}

// unusedAddr is an address where nobody listens, until the test ends: a connection has its port, so that no other test's
// broker gets it.
func unusedAddr(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	other, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = c.Close()
		_ = other.Close()
	})
	return c.LocalAddr().String()
}

// serve accepts connections until the test ends and gives each to f, which may keep it.
func serve(t *testing.T, f func(net.Conn)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	var conns []net.Conn
	go func() {
		defer close(done)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			conns = append(conns, c)
			f(c)
		}
	}()
	t.Cleanup(func() {
		_ = l.Close()
		<-done
		for _, c := range conns {
			_ = c.Close()
		}
	})
	return l.Addr().String()
}

func TestUnreachableBroker(t *testing.T) {
	t.Parallel()
	addr := unusedAddr(t)
	w := watch(t, ConfigMap{"bootstrap.servers": addr})
	refused := regexp.QuoteMeta(addr) + "/bootstrap: Connect to ipv4#" + regexp.QuoteMeta(addr) + ` failed: Connection refused \(after \d+ms in state CONNECT%s\)`
	wantError(t, w.error(t), ErrTransport, fmt.Sprintf(refused, ""))
	wantError(t, w.error(t), ErrAllBrokersDown, "1/1 brokers are down")
	// The first repetition is told, the next ones are not for half a minute.
	wantError(t, w.error(t), ErrTransport, fmt.Sprintf(refused, `, 1 identical error\(s\) suppressed`))
	wantError(t, w.error(t), ErrAllBrokersDown, "1/1 brokers are down")
	wantError(t, w.error(t), ErrAllBrokersDown, "1/1 brokers are down")
	if l := w.line(t, "FAIL"); l.Level != logErr || !regexp.MustCompile(`^\[thrd:`+regexp.QuoteMeta(addr)+`/bootstrap\]: `+fmt.Sprintf(refused, "")+"$").MatchString(l.Message) {
		t.Errorf("log line %v", l)
	}
	if w.anyBrokerUp() || w.timeoutCode(ErrTransport) != ErrTransport {
		t.Error("a broker is said to be up")
	}
}

func TestTwoUnreachableBrokers(t *testing.T) {
	t.Parallel()
	w := watch(t, ConfigMap{"bootstrap.servers": unusedAddr(t) + "," + unusedAddr(t)})
	wantError(t, w.error(t), ErrTransport, ".*")
	wantError(t, w.error(t), ErrTransport, ".*")
	wantError(t, w.error(t), ErrAllBrokersDown, "2/2 brokers are down")
}

func TestOneOfTwoBrokersUnreachable(t *testing.T) {
	t.Parallel()
	c := testcluster.New(t, 1)
	w := watch(t, ConfigMap{"bootstrap.servers": unusedAddr(t) + "," + c.Bootstrap})
	w.up(t)
	for len(w.events) > 0 {
		if e := w.error(t); e.Code() != ErrTransport {
			t.Errorf("event %d %s, want none but ErrTransport", e.Code(), e)
		}
	}
	if got := w.timeoutCode(ErrTransport); got != ErrTimedOut {
		t.Errorf("a call whose time runs out gets code %d, want ErrTimedOut", got)
	}
}

func TestUnresolvedBroker(t *testing.T) {
	t.Parallel()
	w := watch(t, ConfigMap{"bootstrap.servers": "no.such.host.invalid:9092"})
	wantError(t, w.error(t), ErrResolve, `no\.such\.host\.invalid:9092/bootstrap: Failed to resolve 'no\.such\.host\.invalid:9092': .* \(after \d+ms in state CONNECT\)`)
	wantError(t, w.error(t), ErrAllBrokersDown, "1/1 brokers are down")
}

// TestNoBroker: without bootstrap.servers there is nothing to report, and if all entries are bad, one event.
func TestNoBroker(t *testing.T) {
	t.Parallel()
	w := watch(t, ConfigMap{})
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := kmsg.NewPtrMetadataRequest().RequestWith(ctx, w); err == nil || toError(err).Code() != ErrTransport {
		t.Errorf("a request: %v", err)
	}
	if n := len(w.events); n != 0 {
		t.Errorf("%d events: %v", n, <-w.events)
	}
	bad := watch(t, ConfigMap{"bootstrap.servers": "ssl://127.0.0.1:1"})
	wantError(t, bad.error(t), ErrAllBrokersDown, "No brokers configured")
}

// TestClosingBroker: a broker that closes connections is a line in the log, as in the peer, and all brokers are down.
func TestClosingBroker(t *testing.T) {
	t.Parallel()
	w := watch(t, ConfigMap{"bootstrap.servers": serve(t, func(c net.Conn) { _ = c.Close() })})
	wantError(t, w.error(t), ErrAllBrokersDown, "1/1 brokers are down")
	if l := w.line(t, "FAIL"); l.Level != logInfo || !regexp.MustCompile(`/bootstrap: Disconnected: connection .* by peer \(after \d+ms in state APIVERSION_QUERY\)$`).MatchString(l.Message) {
		t.Errorf("log line %v", l)
	}
}

func TestGarbageFromBroker(t *testing.T) {
	t.Parallel()
	w := watch(t, ConfigMap{"bootstrap.servers": serve(t, func(c net.Conn) { _, _ = c.Write([]byte("HTTP/1.1 400 Bad Request\r\n\r\n")) })})
	wantError(t, w.error(t), ErrBadMsg, `.*/bootstrap: Receive failed: invalid .* \(after \d+ms in state APIVERSION_QUERY\)`)
	wantError(t, w.error(t), ErrAllBrokersDown, "1/1 brokers are down")
}

// TestLostBroker: an idle client finds out by itself that its cluster went away, and that it is back. It is not parallel,
// so that no other test's broker gets the port in between.
func TestLostBroker(t *testing.T) {
	c := testcluster.New(t, 1)
	w := watch(t, ConfigMap{"bootstrap.servers": c.Bootstrap, "reconnect.backoff.max.ms": 200})
	w.up(t)
	c.Close()
	wantError(t, w.error(t), ErrAllBrokersDown, "1/1 brokers are down")
	wantError(t, w.error(t), ErrTransport, ".*/[0b].*: Connect to .* failed: Connection refused .*")
	if l := w.line(t, "FAIL"); l.Level != logInfo || !regexp.MustCompile(`Disconnected: connection .* by peer \(after \d+ms in state UP\)$`).MatchString(l.Message) {
		t.Errorf("log line %v", l)
	}
	_, port, err := net.SplitHostPort(c.Bootstrap)
	if err != nil {
		t.Fatal(err)
	}
	n, err := strconv.Atoi(port)
	if err != nil {
		t.Fatal(err)
	}
	testcluster.New(t, 1, kfake.Ports(n))
	w.up(t)
}

// TestRefusedCredentials: only the probe goes on, unless there is a broker that took them.
func TestRefusedCredentials(t *testing.T) {
	t.Parallel()
	w := watchUnstarted(t, ConfigMap{"bootstrap.servers": unusedAddr(t)})
	b := &w.brokers
	b.refused = &saslError{errAuthClosed}
	other := context.WithValue(t.Context(), probeKey{}, true)
	if err := b.mayDial(t.Context(), "127.0.0.1:1"); toError(err).Code() != ErrAuthentication {
		t.Errorf("a request: %v", err)
	}
	if err := b.mayDial(other, "127.0.0.1:1"); err != nil {
		t.Errorf("the probe: %v", err)
	}
	b.findLocked("127.0.0.1:2", 2).conns = 1
	if err := b.mayDial(t.Context(), "127.0.0.1:1"); err != nil {
		t.Errorf("with another broker up: %v", err)
	}
}

func TestLogLevel(t *testing.T) {
	t.Parallel()
	w := watch(t, ConfigMap{"bootstrap.servers": unusedAddr(t), "log_level": 0})
	wantError(t, w.error(t), ErrTransport, ".*")
	wantError(t, w.error(t), ErrAllBrokersDown, ".*")
	if n := len(w.lines); n != 0 {
		t.Errorf("%d log lines with log_level=0: %v", n, <-w.lines)
	}
}

// TestReconnectBackoff: what asks for a connection before its time gets the last error at once.
func TestReconnectBackoff(t *testing.T) {
	t.Parallel()
	addr := unusedAddr(t)
	w := watchUnstarted(t, ConfigMap{"bootstrap.servers": addr, "reconnect.backoff.ms": 60000, "reconnect.backoff.max.ms": 60000})
	b := &w.brokers
	ctx := t.Context()
	if err := b.mayDial(ctx, addr); err != nil {
		t.Fatalf("before the first failure: %v", err)
	}
	b.mu.Lock()
	b.random = func() float64 { return 1 }
	b.failedLocked(b.findLocked(addr, -1), errors.New("went wrong"))
	b.mu.Unlock()
	err := b.mayDial(ctx, addr)
	var op *net.OpError
	if !errors.As(err, &op) || op.Op != "dial" || !regexp.MustCompile("went wrong").MatchString(err.Error()) {
		t.Errorf("in the time of the backoff: %v", err)
	}
	if err := b.mayDial(ctx, unusedAddr(t)); err != nil {
		t.Errorf("another broker: %v", err)
	}
	b.retryNow()
	if err := b.mayDial(ctx, addr); err != nil {
		t.Errorf("after retryNow: %v", err)
	}
}

func TestBackoffGrows(t *testing.T) {
	t.Parallel()
	b := &brokers{backoff: 100 * time.Millisecond, maxDelay: time.Second}
	for _, tc := range []struct {
		random float64
		want   []int // ms
	}{
		{0, []int{75, 150, 300, 600, 750, 750}},
		{1, []int{150, 300, 600, 1000, 1000}},
	} {
		b.random = func() float64 { return tc.random }
		k := &broker{}
		for i, want := range tc.want {
			k.retryAt = time.Time{}
			before := time.Now()
			b.failedLocked(k, errors.New("x"))
			if got := k.retryAt.Sub(before).Round(5 * time.Millisecond); got != time.Duration(want)*time.Millisecond {
				t.Errorf("random %v, failure %d: delay %v, want %dms", tc.random, i+1, got, want)
			}
		}
	}
}

// TestEndedConnection: the client sees that a broker ended a connection that nobody reads, with and without TLS.
func TestEndedConnection(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("connections can't be looked at there: see peek")
	}
	ca := newCert(t, "authority", nil, nil)
	secured := serverTLS(t, newCert(t, "broker", ca, loopback), nil)
	for name, useTLS := range map[string]bool{"plaintext": false, "TLS": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			hangUp := make(chan struct{})
			conf := ConfigMap{"bootstrap.servers": serve(t, func(c net.Conn) {
				if useTLS {
					c = tls.Server(c, secured)
					_, _ = c.Read(make([]byte, 1))
				}
				<-hangUp
				_ = c.Close()
			})}
			if useTLS {
				conf["security.protocol"], conf["ssl.ca.pem"] = "ssl", ca.certPEM
			}
			w := watchUnstarted(t, conf)
			conn, err := newDialer(w.client).dial(t.Context(), "tcp", conf["bootstrap.servers"].(string))
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = conn.Close() }()
			if _, err := conn.Write([]byte{0}); err != nil {
				t.Fatal(err)
			}
			c := conn.(*brokerConn)
			b := &w.brokers
			k := b.findLocked("127.0.0.1:1", 1)
			b.open[c], k.conns = k, 1
			b.checkConnections()
			b.checkConnections()
			if !w.anyBrokerUp() {
				t.Fatal("the connection is taken for ended")
			}
			close(hangUp)
			for end := time.Now().Add(20 * time.Second); w.anyBrokerUp(); runtime.Gosched() {
				if b.checkConnections(); time.Now().After(end) {
					t.Fatal("not seen in 20 seconds")
				}
			}
			if k.conns != 0 || !k.down {
				t.Errorf("the broker has %d connections, down: %v", k.conns, k.down)
			}
		})
	}
}

// TestMessagesOutlastBrokers: no message fails because no broker can be reached, other than by message.timeout.ms.
func TestMessagesOutlastBrokers(t *testing.T) {
	t.Parallel()
	c := testcluster.New(t, 3, testcluster.Topic("t", 6))
	p, err := NewProducer(&ConfigMap{"bootstrap.servers": c.Bootstrap, "message.timeout.ms": 1500, "log_level": 0})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	topic := "t"
	produce := func(partition int32) {
		t.Helper()
		if err := p.Produce(&Message{TopicPartition: TopicPartition{Topic: &topic, Partition: partition}, Value: []byte("v")}, nil); err != nil {
			t.Fatal(err)
		}
	}
	produce(0)
	more := time.NewTicker(5 * time.Millisecond) // so that the messages of a batch run out of time one after the other
	defer more.Stop()
	end := time.After(30 * time.Second)
	down, partition, failed := false, int32(0), 0
	for failed < 500 || !down {
		select {
		case <-more.C:
			partition = (partition + 1) % 6
			produce(partition)
		case ev := <-p.Events():
			switch e := ev.(type) {
			case *Message:
				switch err := e.TopicPartition.Error; {
				case err == nil:
					c.Close() // after the first one
				case !errors.Is(err, ErrMsgTimedOut):
					t.Fatalf("a message failed with %v (%v)", err, errors.Unwrap(err))
				default:
					failed++
				}
			case Error:
				down = down || e.Code() == ErrAllBrokersDown
			}
		case <-end:
			t.Fatalf("in 30 seconds: all brokers down %v, %d failed", down, failed)
		}
	}
}
