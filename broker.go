package kafka

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// How often the application hears of the same trouble.
const (
	identicalErrors = 30 * time.Second // an error of a broker that repeats itself
	allDownEvents   = time.Second      // ErrAllBrokersDown while nothing changed
	probePause      = 50 * time.Millisecond
	connectionCheck = time.Second
	reportBacklog   = 1000 // reports that wait for the goroutine that tells them; more are dropped
)

// brokers is what a client knows of its brokers: which connections are up, which addresses must not be dialled yet,
// and what the application has been told. The engine's hooks write it and never wait for anything; two goroutines of
// the client tell the application (tellBrokers) and look for a broker while none is up (probeBrokers), each as long as
// it has something to do.
type brokers struct {
	protocol string // in front of a broker's name: "sasl_ssl://", nothing for plaintext
	backoff  time.Duration
	maxDelay time.Duration
	logClose bool // log.connection.close

	search chan struct{} // capacity 1: probe is to look at once

	doubt atomic.Bool // a broker that is down has connections left; written under mu

	mu      sync.Mutex // guards all below
	known   map[string]*broker
	open    map[net.Conn]*broker
	reports []brokerReport
	tell    onDemand      // tellBrokers
	probe   onDemand      // probeBrokers
	allDown time.Time     // when ErrAllBrokersDown was last reported; zero since a broker came up
	changed chan struct{} // closed and replaced when a broker comes up
	refused error         // why the last connection was not authenticated; nil where it was
	random  func() float64
}

// broker is one address that the client connects to.
type broker struct {
	addr string
	node int32 // -1 while only the address is known

	conns int    // connections that are up
	down  bool   // the last connection failed, or was lost
	setup string // the state of the connection that is being set up

	failures int
	retryAt  time.Time // no connection before
	last     error     // why not

	said       string // the last error reported
	identical  int    // how often it came again without being reported
	repeatedAt time.Time
}

func (b *brokers) init(conf *settings) {
	if p := strings.ToLower(conf.str("security.protocol")); p != "plaintext" {
		b.protocol = p + "://"
	}
	b.backoff, b.maxDelay = conf.ms("reconnect.backoff.ms"), conf.ms("reconnect.backoff.max.ms")
	b.logClose = conf.flag("log.connection.close")
	b.search = make(chan struct{}, 1)
	b.known, b.open = map[string]*broker{}, map[net.Conn]*broker{}
	b.changed = make(chan struct{})
	b.random = rand.Float64
}

// name is how librdkafka calls a broker: protocol://host:port/id, with "bootstrap" for an id that is not known yet.
func (b *brokers) name(k *broker) string {
	id := "bootstrap"
	if k.node >= 0 {
		id = strconv.Itoa(int(k.node))
	}
	return b.protocol + k.addr + "/" + id
}

// findLocked returns the broker of an address, new where there is none. The engine's seeds have negative node ids.
func (b *brokers) findLocked(addr string, node int32) *broker {
	k := b.known[addr]
	if k == nil {
		k = &broker{addr: addr, node: -1}
		b.known[addr] = k
	}
	if node >= 0 {
		k.node = node
	}
	return k
}

func address(host string, port int32) string {
	return net.JoinHostPort(host, strconv.Itoa(int(port)))
}

// brokerHooks are the engine's hooks of a client.
type brokerHooks struct{ c *client }

// hooks returns what the engine calls when a connection comes or goes.
func (c *client) hooks() []kgo.Hook { return []kgo.Hook{brokerHooks{c}} }

var (
	_ kgo.HookBrokerConnect    = brokerHooks{}
	_ kgo.HookBrokerDisconnect = brokerHooks{}
	_ kgo.HookBrokerWrite      = brokerHooks{}
	_ kgo.HookBrokerRead       = brokerHooks{}
)

// OnBrokerConnect is called when a connection is ready for requests, which includes authentication, or failed.
func (h brokerHooks) OnBrokerConnect(meta kgo.BrokerMetadata, took time.Duration, conn net.Conn, err error) {
	b := &h.c.brokers
	if err != nil && (h.c.stopping() || isOwnEnd(err)) {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	k := b.findLocked(address(meta.Host, meta.Port), meta.NodeID)
	if err == nil {
		b.open[conn] = k
		if c, ok := conn.(*brokerConn); ok {
			c.ready()
			b.watchLocked(c)
		}
		k.conns++
		k.setup = ""
		k.down, k.failures, k.retryAt, k.last = false, 0, time.Time{}, nil
		b.allDown, b.refused = time.Time{}, nil
		b.cameUpLocked()
		return
	}
	var dial *setupError
	if k.setup == stateAuth && isDisconnect(err) && !errors.As(err, &dial) {
		err = &saslError{errAuthClosed}
	}
	f := connectFailure(err, took)
	if k.setup != "" && f.state == stateVersions {
		f.state = k.setup
	}
	k.setup = ""
	if f.state == stateHandshake && f.code == ErrAuthentication {
		f.text = "SASL " + h.c.conf.str("sasl.mechanisms") + " mechanism handshake failed: " + f.text
	}
	if f.code == ErrAuthentication {
		b.refused = err
	}
	b.failedLocked(k, err)
	// The engine notices that a connection is dead only when it uses it, which may be minutes after the broker died.
	// So a broker that takes no new connection is down until it answers on an old one.
	if k.down = k.conns == 0 || f.state == stateConnect; k.conns > 0 && k.down {
		b.doubt.Store(true)
		if !b.upLocked() {
			b.searchLocked()
		}
	}
	b.reportLocked(k, f)
}

// answered notes that a broker answered a request.
func (b *brokers) answered(meta kgo.BrokerMetadata) {
	if !b.doubt.Load() {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if k := b.known[address(meta.Host, meta.Port)]; k != nil && k.down && k.conns > 0 {
		k.down, b.allDown = false, time.Time{}
		b.cameUpLocked()
	}
	doubt := false
	for _, k := range b.known {
		doubt = doubt || k.down && k.conns > 0
	}
	b.doubt.Store(doubt)
}

// upLocked reports whether there is a connection that is ready for requests.
func (b *brokers) upLocked() bool {
	for _, k := range b.known {
		if k.conns > 0 && !k.down {
			return true
		}
	}
	return false
}

// up reports whether there is a connection that is ready for requests.
func (b *brokers) up() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.upLocked()
}

// cameUpLocked tells those who wait for a broker.
func (b *brokers) cameUpLocked() {
	close(b.changed)
	b.changed = make(chan struct{})
}

// failedLocked delays the next connection to a broker: twice as long with every failure, within reconnect.backoff.ms
// and reconnect.backoff.max.ms, from a quarter less to a half more so that clients don't come back all at once.
func (b *brokers) failedLocked(k *broker, err error) {
	k.last = err
	var setup *setupError
	if errors.As(err, &setup) {
		k.last = setup
	}
	now := time.Now()
	if now.Before(k.retryAt) || b.backoff <= 0 {
		return
	}
	d := min(b.backoff<<min(k.failures, 20), b.maxDelay)
	k.failures++
	k.retryAt = now.Add(min(time.Duration(float64(d)*(0.75+0.75*b.random())), b.maxDelay))
}

// OnBrokerDisconnect is called when a connection ends, for whatever reason.
func (h brokerHooks) OnBrokerDisconnect(_ kgo.BrokerMetadata, conn net.Conn) {
	b := &h.c.brokers
	b.mu.Lock()
	defer b.mu.Unlock()
	k := b.open[conn]
	if k == nil { // it never came up: OnBrokerConnect says why
		return
	}
	b.closedLocked(k, conn, h.c.stopping())
}

// closedLocked notes the end of a connection that was up.
func (b *brokers) closedLocked(k *broker, conn net.Conn, stopping bool) {
	delete(b.open, conn)
	k.conns--
	c, ok := conn.(*brokerConn)
	if ok {
		hangups.remove(c.watching)
	}
	if stopping {
		return
	}
	if !b.upLocked() {
		b.searchLocked()
	}
	if !ok {
		return
	}
	err := c.lost()
	if err == nil { // the client closed it: idle, or the broker is gone from the metadata
		return
	}
	k.down = k.down || k.conns == 0
	b.reportLocked(k, lostConnection(err, time.Since(c.opened)))
}

// OnBrokerWrite sees how far a new connection is.
func (h brokerHooks) OnBrokerWrite(meta kgo.BrokerMetadata, key int16, _ int, _, _ time.Duration, _ error) {
	switch kmsg.Key(key) {
	case kmsg.ApiVersions: // the first of a connection; what authenticates again comes without
		h.c.brokers.setUp(meta, stateVersions)
	case kmsg.SASLHandshake:
		h.c.brokers.setUp(meta, stateHandshake)
	case kmsg.SASLAuthenticate:
		h.c.brokers.setUp(meta, stateAuth)
	}
}

func (b *brokers) setUp(meta kgo.BrokerMetadata, state string) {
	b.mu.Lock()
	b.findLocked(address(meta.Host, meta.Port), meta.NodeID).setup = state
	b.mu.Unlock()
}

// OnBrokerRead sees which requests were answered, and those that were not in time.
func (h brokerHooks) OnBrokerRead(meta kgo.BrokerMetadata, key int16, _ int, _, took time.Duration, err error) {
	if err == nil && kmsg.Key(key) == kmsg.SASLHandshake { // brokers before 1.0 authenticate without requests of their own
		h.c.brokers.setUp(meta, stateAuth)
	}
	b := &h.c.brokers
	if err == nil {
		b.answered(meta)
		return
	}
	if h.c.stopping() || !isTimeout(err) {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	k := b.findLocked(address(meta.Host, meta.Port), meta.NodeID)
	if k.conns == 0 {
		return // a connection that is being set up
	}
	b.pushLocked(brokerReport{name: b.name(k), level: logNotice, code: errNoEvent,
		text: fmt.Sprintf("Timed out %sRequest in flight (after %dms, timeout #0)", kmsg.NameForKey(key), took.Milliseconds())})
}

// onDemand is a goroutine that is there while it has something to do. The lock of its owner guards it.
type onDemand struct {
	start   func() // starts it; nil before the client may have goroutines
	running bool
}

// startLocked makes sure that the goroutine runs.
func (o *onDemand) startLocked() {
	if o.start != nil && !o.running {
		o.running = true
		o.start()
	}
}

// searchLocked has probeBrokers look at once.
func (b *brokers) searchLocked() {
	wake(b.search)
	b.probe.startLocked()
}

// wake makes the goroutine that waits for ch look again.
func wake(ch chan struct{}) {
	select {
	case ch <- struct{}{}:
	default:
	}
}

// mayDial returns the error of a connection that must not be opened yet. After credentials were refused, and while no
// connection is up, only the probe tries again: what waits in the engine then sees an unreachable broker, which it
// outlasts, and not an error that would fail every message at once.
func (b *brokers) mayDial(ctx context.Context, addr string) error {
	if addr == noBroker {
		return dialError(addr, &backoffError{errNoServers})
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.refused != nil && !b.upLocked() && ctx.Value(probeKey{}) == nil {
		return dialError(addr, &backoffError{b.refused})
	}
	if k := b.known[addr]; k != nil && k.last != nil && time.Until(k.retryAt) > 0 {
		return dialError(addr, &backoffError{k.last})
	}
	return nil
}

// dialError makes err an error of dialling, which the engine answers by trying another broker or later.
func dialError(addr string, err error) error {
	return &net.OpError{Op: "dial", Net: "tcp", Addr: netAddr(addr), Err: err}
}

type netAddr string

func (netAddr) Network() string { return "tcp" }

func (a netAddr) String() string { return string(a) }

// backoffError is the error of a connection that was not tried because the last one failed a moment ago. It does not
// unwrap: the engine takes it for a broker that does not answer, whatever the last failure was.
type backoffError struct{ last error }

var errNoServers = errors.New("no bootstrap.servers are configured")

func (e *backoffError) Error() string {
	if e.last == errNoServers {
		return e.last.Error()
	}
	return "reconnect.backoff.ms has not passed since: " + e.last.Error()
}

// bootstrap reports whether no more is known of a broker than its address.
func (b *brokers) bootstrap(addr string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	k := b.known[addr]
	return k == nil || k.node < 0
}

// retryNow forgets all delays: something changed that makes another try worth while.
func (b *brokers) retryNow() {
	b.mu.Lock()
	for _, k := range b.known {
		k.failures, k.retryAt = 0, time.Time{}
	}
	b.refused = nil
	b.searchLocked()
	b.mu.Unlock()
}

// anyBrokerUp reports whether there is a connection that is ready for requests.
func (c *client) anyBrokerUp() bool {
	c.brokers.mu.Lock()
	defer c.brokers.mu.Unlock()
	return c.brokers.upLocked()
}

// timeoutCode is the code of a call whose time ran out: ErrTimedOut where a broker was there to answer, else down.
// The peer says ErrAllBrokersDown for queries of offsets and ErrTransport for metadata.
func (c *client) timeoutCode(down ErrorCode) ErrorCode {
	if c.anyBrokerUp() {
		return ErrTimedOut
	}
	return down
}

func (c *client) stopping() bool { return c.tasks.ctx.Err() != nil }

// throttles tells throttle_cb when a broker slows the client down. It is a hook of the engine.
type throttles struct {
	callback func(broker string, id int32, d time.Duration) // nil where there is none
	run      func(func())                                   // by the application's goroutine
}

// OnBrokerThrottle is called by the engine.
func (t throttles) OnBrokerThrottle(meta kgo.BrokerMetadata, d time.Duration, _ bool) {
	if t.callback == nil || d <= 0 {
		return
	}
	name := net.JoinHostPort(meta.Host, strconv.Itoa(int(meta.Port))) + "/" + strconv.Itoa(int(meta.NodeID))
	t.run(func() { t.callback(name, meta.NodeID, d) })
}
