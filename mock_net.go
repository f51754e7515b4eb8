package kafka

import (
	"errors"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// mockRequestTimeout bounds a request that the mock cluster makes of itself.
	mockRequestTimeout = 10 * time.Second
	// mockListenTimeout bounds the wait for the port of a broker that comes back.
	mockListenTimeout = 2 * time.Second
)

// mockBroker is the listener that kfake gets for a broker. It can be cut off, so that connections are refused while
// kfake goes on to wait in Accept, and it can delay what kfake answers.
type mockBroker struct {
	addr     net.Addr
	rtt      atomic.Int64  // nanoseconds by which a response is delayed
	accepted chan net.Conn // for kfake
	done     chan struct{} // closed by Close

	tasks sync.WaitGroup // the accepting goroutine, and one for every connection that has a delayed response

	mu     sync.Mutex         // guards what follows; never held while kfake is waited for
	ln     net.Listener       // nil while the broker is down
	open   map[*mockConn]bool // connections, for down to close
	closed bool
}

func newMockBroker(network, address string) (*mockBroker, error) {
	ln, err := net.Listen(network, address)
	if err != nil {
		return nil, err
	}
	b := &mockBroker{
		addr: ln.Addr(), accepted: make(chan net.Conn), done: make(chan struct{}), open: map[*mockConn]bool{},
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.serveLocked(ln)
	return b, nil
}

// Accept implements net.Listener. It waits while the broker is down.
func (b *mockBroker) Accept() (net.Conn, error) {
	select {
	case conn := <-b.accepted:
		return conn, nil
	case <-b.done:
		return nil, net.ErrClosed
	}
}

// Addr implements net.Listener: the address stays the same while the broker is down.
func (b *mockBroker) Addr() net.Addr { return b.addr }

// Close implements net.Listener: it ends the broker for good. It may be called more than once, as kfake does.
func (b *mockBroker) Close() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.closed {
		b.closed = true
		close(b.done)
		b.downLocked()
	}
	return nil
}

// wait waits for the goroutines of a broker after Close.
func (b *mockBroker) wait() { b.tasks.Wait() }

// down closes the connections and refuses new ones.
func (b *mockBroker) down() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.downLocked()
}

func (b *mockBroker) downLocked() {
	if b.ln != nil {
		b.ln.Close()
		b.ln = nil
	}
	for c := range b.open {
		c.shut()
	}
	clear(b.open)
}

// up listens again. Where the port is in use it tries for a while: the kernel may have lent it to a connection.
func (b *mockBroker) up() error {
	end := time.NewTimer(mockListenTimeout)
	defer end.Stop()
	retry := time.NewTicker(10 * time.Millisecond)
	defer retry.Stop()
	for {
		err := b.listen()
		if err == nil {
			return nil
		}
		select {
		case <-retry.C:
		case <-b.done:
			return nil
		case <-end.C:
			return newErrorf(ErrTransport, "Failed to listen on %s again: %v", b.addr, err).withCause(err)
		}
	}
}

func (b *mockBroker) listen() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.ln != nil || b.closed {
		return nil
	}
	ln, err := net.Listen(b.addr.Network(), b.addr.String())
	if err == nil {
		b.serveLocked(ln)
	}
	return err
}

// serveLocked accepts connections of ln until it is closed.
func (b *mockBroker) serveLocked(ln net.Listener) {
	b.ln = ln
	b.tasks.Go(func() {
		for {
			conn, err := ln.Accept()
			switch {
			case errors.Is(err, net.ErrClosed):
				return
			case err != nil: // of one connection, or no file descriptor left for now
				b.pause()
			default:
				b.hand(ln, conn)
			}
		}
	})
}

// pause waits a little, or until the broker is closed.
func (b *mockBroker) pause() {
	t := time.NewTimer(5 * time.Millisecond)
	defer t.Stop()
	select {
	case <-t.C:
	case <-b.done:
	}
}

// hand gives a connection to kfake, unless the listener that it came from is no longer the broker's.
func (b *mockBroker) hand(ln net.Listener, conn net.Conn) {
	c := &mockConn{Conn: conn, broker: b, gone: make(chan struct{})}
	b.mu.Lock()
	if b.ln != ln {
		b.mu.Unlock()
		conn.Close()
		return
	}
	b.open[c] = true
	b.mu.Unlock()
	select {
	case b.accepted <- c:
	case <-b.done:
	}
}

// dial connects to the broker within the process, whether it is down or not.
func (b *mockBroker) dial() (net.Conn, error) {
	client, server := net.Pipe()
	select {
	case b.accepted <- server:
		return client, nil
	case <-b.done:
		return nil, net.ErrClosed
	}
}

// mockConn is a connection whose responses can be delayed: each by itself, so that requests that follow each other
// quickly do not add up their delays.
type mockConn struct {
	net.Conn
	broker *mockBroker
	gone   chan struct{} // closed with the connection
	once   sync.Once

	mu      sync.Mutex // guards what follows
	delayed []mockResponse
	sending bool // a goroutine sends what is delayed: what comes after it must queue up
}

type mockResponse struct {
	at   time.Time
	data []byte
}

// Write sends a response, or takes it for later. kfake writes one at a time.
func (c *mockConn) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	rtt := time.Duration(c.broker.rtt.Load())
	if rtt == 0 && !c.sending {
		return c.Conn.Write(p)
	}
	c.delayed = append(c.delayed, mockResponse{time.Now().Add(rtt), slices.Clone(p)})
	if !c.sending {
		if !c.broker.run(c.send) {
			return 0, net.ErrClosed
		}
		c.sending = true
	}
	return len(p), nil
}

// run starts f in a goroutine of the broker, unless it is closed.
func (b *mockBroker) run(f func()) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.closed {
		b.tasks.Go(f)
	}
	return !b.closed
}

// send writes the delayed responses, each at its time, and ends when there are none.
func (c *mockConn) send() {
	for {
		r, ok := c.next()
		if !ok {
			return
		}
		due := time.NewTimer(time.Until(r.at))
		select {
		case <-due.C:
		case <-c.gone:
			due.Stop()
			return
		}
		if _, err := c.Conn.Write(r.data); err != nil {
			c.shut()
			return
		}
	}
}

func (c *mockConn) next() (r mockResponse, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.delayed) == 0 {
		c.sending = false
		return r, false
	}
	r, c.delayed = c.delayed[0], c.delayed[1:]
	return r, true
}

// Close closes the connection; what is delayed is lost.
func (c *mockConn) Close() error {
	c.broker.mu.Lock()
	delete(c.broker.open, c)
	c.broker.mu.Unlock()
	c.shut()
	return nil
}

func (c *mockConn) shut() {
	c.once.Do(func() {
		close(c.gone)
		c.Conn.Close()
	})
}
