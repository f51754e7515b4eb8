package kafka

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// apiVersionTimeout is how long a new connection may take to answer its first request, as in the peer, where
// socket.timeout.ms is longer.
const apiVersionTimeout = 10 * time.Second

// dialer opens connections for the engine: name resolution, TCP and TLS, within socket.connection.setup.timeout.ms.
type dialer struct {
	setup         time.Duration
	network       string // ip, ip4 or ip6
	net           net.Dialer
	noDelay       bool
	sendBuffer    int
	receiveBuffer int
	tls           *tlsSource    // nil without TLS
	tokens        *oauthTokens  // nil without OAUTHBEARER
	brokers       *brokers      // which may not be dialled yet
	names         resolverCache // broker.address.ttl
	canonical     bool          // client.dns.lookup: bootstrap servers have the names that their addresses have
}

// networkOpts are the engine's options for connections: how they are opened, secured and watched.
func (c *client) networkOpts() ([]kgo.Opt, error) {
	c.brokers.init(c.conf)
	opts, err := c.securityOpts()
	if err != nil {
		return nil, err
	}
	d := newDialer(c)
	return append(opts, kgo.Dialer(d.dial), kgo.WithHooks(c.hooks()...), kgo.AlwaysRetryEOF()), nil
}

func newDialer(c *client) *dialer {
	conf := c.conf
	d := &dialer{
		setup:         conf.ms("socket.connection.setup.timeout.ms"),
		network:       map[string]string{"v4": "ip4", "v6": "ip6"}[strings.ToLower(conf.str("broker.address.family"))],
		noDelay:       conf.flag("socket.nagle.disable"),
		sendBuffer:    conf.num("socket.send.buffer.bytes"),
		receiveBuffer: conf.num("socket.receive.buffer.bytes"),
		tls:           c.tls,
		tokens:        c.tokens,
		brokers:       &c.brokers,
		names:         resolverCache{ttl: conf.ms("broker.address.ttl")},
		canonical:     strings.EqualFold(conf.str("client.dns.lookup"), "resolve_canonical_bootstrap_servers_only"),
	}
	if d.network == "" {
		d.network = "ip"
	}
	if !conf.flag("socket.keepalive.enable") {
		d.net.KeepAlive = -1 // Go's default is on
	}
	return d
}

// dial is the engine's kgo.Dialer. Its errors are net.OpErrors of Op "dial": the engine then tries another broker, or
// later. Before there is a token for OAUTHBEARER it waits, as the peer does.
func (d *dialer) dial(ctx context.Context, _, addr string) (net.Conn, error) {
	if err := d.tokens.wait(ctx); err != nil {
		return nil, err
	}
	if err := d.brokers.mayDial(ctx, addr); err != nil {
		return nil, err
	}
	setup, cancel := context.WithTimeout(ctx, d.setup)
	defer cancel()
	conn, err := d.connect(setup, addr)
	if err == nil {
		return conn, nil
	}
	if ctx.Err() != nil { // who asked for it went away: nothing is wrong with the broker
		return nil, ctx.Err()
	}
	err.late = setup.Err() != nil
	return nil, dialError(addr, err)
}

func (d *dialer) connect(ctx context.Context, addr string) (*brokerConn, *setupError) {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, &setupError{state: stateConnect, host: addr, addr: addr, err: err}
	}
	ips, err := d.names.lookup(ctx, d.network, host)
	if err != nil {
		return nil, &setupError{state: stateConnect, host: addr, addr: addr, err: err}
	}
	var conn net.Conn
	tried := ""
	for i, ip := range ips {
		tried = "ipv4#"
		if ip.Is6() {
			tried = "ipv6#"
		}
		tried += net.JoinHostPort(ip.String(), port)
		if conn, err = d.connectIP(ctx, net.JoinHostPort(ip.String(), port), len(ips)-i); err == nil {
			break
		}
	}
	if err != nil {
		d.names.forget(host) // the next try asks again: the broker may have moved
		return nil, &setupError{state: stateConnect, host: addr, addr: tried, err: err}
	}
	if d.tls == nil {
		return &brokerConn{Conn: conn, tcp: conn, opened: time.Now()}, nil
	}
	if d.canonical && d.brokers.bootstrap(addr) {
		host = canonicalName(ctx, ips[0], host)
	}
	secured, err := d.handshake(ctx, conn, host)
	if err != nil {
		_ = conn.Close()
		return nil, &setupError{state: stateTLS, host: addr, addr: tried, err: err}
	}
	return &brokerConn{Conn: secured, tcp: conn, opened: time.Now()}, nil
}

// connectIP connects to one of a broker's addresses. Each of those left gets its share of the time that is left, so
// that one that never answers does not keep the others from being tried.
func (d *dialer) connectIP(ctx context.Context, addr string, left int) (net.Conn, error) {
	if deadline, ok := ctx.Deadline(); ok && left > 1 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, time.Until(deadline)/time.Duration(left))
		defer cancel()
	}
	conn, err := d.net.DialContext(ctx, "tcp", addr)
	if err != nil {
		return nil, err
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetNoDelay(d.noDelay)
		if d.sendBuffer > 0 {
			_ = tcp.SetWriteBuffer(d.sendBuffer)
		}
		if d.receiveBuffer > 0 {
			_ = tcp.SetReadBuffer(d.receiveBuffer)
		}
	}
	return conn, nil
}

// handshake starts TLS with the host that was dialled: its name is the one that the certificate must have.
func (d *dialer) handshake(ctx context.Context, conn net.Conn, host string) (net.Conn, error) {
	conf, err := d.tls.config(host)
	if err != nil {
		return nil, err
	}
	secured := tls.Client(conn, conf)
	if err := secured.HandshakeContext(ctx); err != nil {
		if errors.Is(err, io.EOF) {
			err = errTLSClosed
		}
		return nil, err
	}
	return secured, nil
}

// brokerConn is a connection that remembers why it ended.
type brokerConn struct {
	net.Conn
	tcp     net.Conn // below TLS
	opened  time.Time
	up      atomic.Bool // the engine may use it
	reading atomic.Int32
	failed  atomic.Pointer[error]

	unread   time.Time // since when there is something to read that nobody waits for; for who looks at the connection
	watched  bool      // hangups will tell of its end; guarded by brokers.mu, as is the next
	watching uint64    // for hangups.remove
}

// ready is called when the connection is authenticated.
func (c *brokerConn) ready() { c.up.Store(true) }

// lost returns what ended the connection, nil where the client closed it.
func (c *brokerConn) lost() error {
	if err := c.failed.Load(); err != nil {
		return *err
	}
	return nil
}

func (c *brokerConn) note(err error) {
	// A deadline is the engine's own: a request that was not answered, or one that was cancelled.
	if !isTimeout(err) && !errors.Is(err, net.ErrClosed) {
		c.failed.CompareAndSwap(nil, &err)
	}
}

// ended looks whether the other side has ended a connection that nobody reads just now: the engine reads only when it
// waits for an answer, and then sees the end itself. Below TLS that begins with a record of its own, and a broker sends
// no other unasked.
func (c *brokerConn) ended() error {
	if c.reading.Load() > 0 {
		return nil
	}
	pending, err := peek(c.tcp)
	if err != nil {
		return err
	}
	unasked := pending && c.tcp != c.Conn && c.reading.Load() == 0
	switch {
	case !unasked:
		c.unread = time.Time{}
	case c.unread.IsZero():
		c.unread = time.Now()
	case time.Since(c.unread) > connectionCheck/2:
		return io.EOF
	}
	return nil
}

func (c *brokerConn) Read(p []byte) (int, error) {
	c.reading.Add(1)
	n, err := c.Conn.Read(p)
	c.reading.Add(-1)
	if err != nil {
		c.note(err)
	}
	return n, err
}

func (c *brokerConn) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	if err != nil {
		c.note(err)
	}
	return n, err
}

// SetReadDeadline bounds the wait for the answers that a new connection starts with.
func (c *brokerConn) SetReadDeadline(t time.Time) error {
	if !c.up.Load() && !t.IsZero() {
		if soon := time.Now().Add(apiVersionTimeout); t.After(soon) {
			t = soon
		}
	}
	return c.Conn.SetReadDeadline(t)
}

// resolverCache keeps the addresses of hosts for broker.address.ttl, so that the connections that a client opens to
// one broker ask the resolver once.
type resolverCache struct {
	ttl time.Duration

	mu    sync.Mutex // guards hosts
	hosts map[string]resolved
}

type resolved struct {
	ips   []netip.Addr
	until time.Time
}

// lookup returns the addresses of a host.
func (r *resolverCache) lookup(ctx context.Context, network, host string) ([]netip.Addr, error) {
	r.mu.Lock()
	known, ok := r.hosts[host]
	r.mu.Unlock()
	if ok && time.Now().Before(known.until) {
		return known.ips, nil
	}
	ips, err := net.DefaultResolver.LookupNetIP(ctx, network, host)
	if err != nil {
		return nil, err
	}
	for i := range ips {
		ips[i] = ips[i].Unmap()
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.hosts == nil {
		r.hosts = map[string]resolved{}
	}
	r.hosts[host] = resolved{ips: ips, until: time.Now().Add(r.ttl)}
	return ips, nil
}

func (r *resolverCache) forget(host string) {
	r.mu.Lock()
	delete(r.hosts, host)
	r.mu.Unlock()
}

// canonicalName is the name that an address has of its own, host where it has none.
func canonicalName(ctx context.Context, ip netip.Addr, host string) string {
	names, err := net.DefaultResolver.LookupAddr(ctx, ip.String())
	if err != nil || len(names) == 0 {
		return host
	}
	return strings.TrimSuffix(names[0], ".")
}
