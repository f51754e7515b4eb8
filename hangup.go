package kafka

import (
	"net"
	"sync"
)

// hangups tells clients that the other side has ended one of their connections. One goroutine waits for all connections
// of all clients of the process, and the system wakes it only when one has ended: what is idle costs nothing.
var hangups hangupWatch

type hangupWatch struct {
	mu      sync.Mutex // guards what follows
	clients int
	poller  *poller       // nil while no client has had a connection
	done    chan struct{} // closed when the goroutine has ended
	last    uint64        // the latest id
	tell    map[uint64]func()
}

// join begins the time of a client.
func (w *hangupWatch) join() {
	w.mu.Lock()
	w.clients++
	w.mu.Unlock()
}

// leave ends the time of a client. The last one ends the goroutine and waits for it.
func (w *hangupWatch) leave() {
	w.mu.Lock()
	w.clients--
	p, done := w.poller, w.done
	if w.clients > 0 || p == nil {
		w.mu.Unlock()
		return
	}
	w.poller = nil
	w.mu.Unlock()
	p.close()
	<-done
}

// add has tell called when the other side ends the connection, or has done so already. tell may be called when nothing
// is wrong, and after remove; it must not block. Where the system can't do this, or has no room for it, add says false.
func (w *hangupWatch) add(conn net.Conn, tell func()) (id uint64, ok bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.poller == nil {
		p, err := newPoller()
		if err != nil {
			return 0, false
		}
		w.poller, w.done, w.tell = p, make(chan struct{}), map[uint64]func(){}
		go w.run(p, w.done)
	}
	w.last++
	w.tell[w.last] = tell
	if err := w.poller.add(conn, w.last); err != nil {
		delete(w.tell, w.last)
		return 0, false
	}
	return w.last, true
}

// remove ends add. The system itself forgets a connection that is closed.
func (w *hangupWatch) remove(id uint64) {
	w.mu.Lock()
	delete(w.tell, id)
	w.mu.Unlock()
}

func (w *hangupWatch) run(p *poller, done chan struct{}) {
	defer close(done)
	for {
		ids, err := p.wait()
		if err != nil { // it is closed
			return
		}
		for _, id := range ids {
			w.mu.Lock()
			tell := w.tell[id]
			w.mu.Unlock()
			if tell != nil {
				tell()
			}
		}
	}
}
