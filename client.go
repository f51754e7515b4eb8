package kafka

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// Handle is what Producer, Consumer and AdminClient have in common.
type Handle interface {
	// SetOAuthBearerToken sets the token for SASL/OAUTHBEARER, see [Producer.SetOAuthBearerToken].
	SetOAuthBearerToken(oauthBearerToken OAuthBearerToken) error
	// SetOAuthBearerTokenFailure says that no token could be had, see [Producer.SetOAuthBearerTokenFailure].
	SetOAuthBearerTokenFailure(errstr string) error
	// IsClosed reports whether Close was called.
	IsClosed() bool

	handle() *client
}

// client is what a Producer, a Consumer and an AdminClient own together: the engine, its goroutines, logs and the
// state of its brokers.
type client struct {
	name    string // "rdkafka#producer-1"
	conf    *settings
	opts    []kgo.Opt // of the engine
	current atomic.Pointer[engine]
	log     *logger
	tasks   tasks
	mock    func() // closes the embedded cluster of test.mock.num.brokers; nil without one

	// emit hands an event that belongs to no message (Error, *Stats, OAuthBearerTokenRefresh) to the application. It
	// never blocks, is never called under a lock of ours and must not be called before newClient returned.
	emit func(Event)

	closed atomic.Bool // Close was called: the application's calls are refused

	topics topicSet // the topics that this client has used

	brokers brokers      // which brokers are up, and what was said of them
	tls     *tlsSource   // nil without TLS
	creds   credentials  // of SASL PLAIN and SCRAM
	tokens  *oauthTokens // nil without SASL/OAUTHBEARER

	figures   *figures          // for statistics
	fillStats func(*Statistics) // adds what the producer or consumer knows

	fatalMu sync.Mutex // guards fatal
	fatal   *Error     // the first fatal error; it stays
}

var instances atomic.Int64 // clients made by this process: they number themselves

// newClient makes the engine of a client. opts are the options that the producer or consumer itself adds. Nothing
// runs until start.
func newClient(conf *settings, emit func(Event), opts ...kgo.Opt) (*client, error) {
	kind := "producer"
	if conf.kind == consumerClient {
		kind = "consumer"
	}
	c := &client{conf: conf, emit: emit, figures: newFigures(), fillStats: func(*Statistics) {}, name: fmt.Sprintf("%s#%s-%d", conf.str("client.id"), kind, instances.Add(1))}
	c.tasks.ctx, c.tasks.cancel = context.WithCancel(context.Background())
	var err error
	if c.log, err = newLogger(c.name, conf); err != nil {
		return nil, err
	}
	if err := c.startMock(); err != nil {
		c.log.close()
		return nil, err
	}
	for _, w := range conf.warnings {
		c.log.printf(w.level, "CONFWARN", "%s", w.text)
	}
	if err := c.newEngine(opts); err != nil {
		c.stopMock()
		c.log.close()
		return nil, err
	}
	hangups.join()
	c.log.debugf("generic", "INIT", "Client %s initialized (debug %s)", c.name, conf.str("debug"))
	return c, nil
}

func (c *client) newEngine(opts []kgo.Opt) error {
	engine, err := engineOpts(c)
	if err != nil {
		return err
	}
	network, err := c.networkOpts()
	if err != nil {
		return err
	}
	c.opts = slices.Concat(engine, network, opts, []kgo.Opt{kgo.WithHooks(c.figures)})
	return c.changeEngine()
}

// engine is a client's engine. Only a transactional producer ever changes it for another, see transactions.renew.
type engine struct {
	*kgo.Client
	abort context.CancelFunc // ends all its requests at once
	uses  sync.RWMutex       // held for reading by requests under way; who closes a former engine has it for good
}

// engine returns the engine of now. What takes long, and is no call of a transaction, must not be asked of it but of
// the client itself: an engine that is replaced is closed.
func (c *client) engine() *kgo.Client { return c.current.Load().Client }

// changeEngine makes an engine and has the client use it from now on. The one before is closed when it is idle: it must
// hold no messages.
func (c *client) changeEngine() error {
	ctx, abort := context.WithCancel(context.Background())
	made, err := kgo.NewClient(append(slices.Clip(c.opts), kgo.WithContext(ctx))...)
	if err != nil {
		abort()
		return newErrorf(ErrInvalidArg, "%v", err).withCause(err)
	}
	if former := c.current.Swap(&engine{Client: made, abort: abort}); former != nil {
		c.tasks.run(func(ctx context.Context) {
			defer context.AfterFunc(ctx, former.abort)()
			former.uses.Lock()
			former.close()
		})
	}
	return nil
}

// close ends the engine. It returns within engineGrace.
func (e *engine) close() {
	late := time.AfterFunc(engineGrace, e.abort)
	e.Close()
	late.Stop()
	e.abort()
}

// hold returns the engine of now, which will not be closed before release is called unless the client is.
func (c *client) hold() (e *engine, release func()) {
	for {
		if e := c.current.Load(); e.uses.TryRLock() { // it fails only when another one is there
			return e, e.uses.RUnlock
		}
	}
}

// Request makes a request. It is what kmsg's requests ask for in RequestWith.
func (c *client) Request(ctx context.Context, req kmsg.Request) (kmsg.Response, error) {
	return c.request(ctx, func(e *engine) (kmsg.Response, error) { return e.Request(ctx, req) })
}

func (c *client) request(ctx context.Context, ask func(*engine) (kmsg.Response, error)) (kmsg.Response, error) {
	type answer struct {
		resp kmsg.Response
		err  error
	}
	a, ok := await(ctx, c, func(e *engine) answer {
		resp, err := ask(e)
		return answer{resp, err}
	})
	if !ok {
		return nil, ctx.Err()
	}
	return a.resp, a.err
}

// requestOf makes a request of one broker, once.
func (c *client) requestOf(ctx context.Context, broker int32, req kmsg.Request) (kmsg.Response, error) {
	return c.request(ctx, func(e *engine) (kmsg.Response, error) { return e.Broker(int(broker)).Request(ctx, req) })
}

// RequestSharded makes a request that may concern several brokers.
func (c *client) RequestSharded(ctx context.Context, req kmsg.Request) []kgo.ResponseShard {
	shards, ok := await(ctx, c, func(e *engine) []kgo.ResponseShard { return e.RequestSharded(ctx, req) })
	if !ok {
		return []kgo.ResponseShard{{Req: req, Err: ctx.Err()}}
	}
	return shards
}

// askGrace is what the engine gets to end a request whose context has ended: where it can, its error says more.
const askGrace = 20 * time.Millisecond

// await waits for a request as long as ctx lasts, and reports whether it ended. The engine itself does not look at ctx
// while it sets up a connection, which a broker that does not answer holds up for seconds.
func await[T any](ctx context.Context, c *client, request func(*engine) T) (answer T, ok bool) {
	e, release := c.hold()
	answers := make(chan T, 1)
	under := func(context.Context) {
		defer release()
		answers <- request(e)
	}
	if !c.tasks.run(under) { // the client has ended, and so does the request
		under(ctx)
	}
	select {
	case answer = <-answers:
		return answer, true
	case <-ctx.Done():
	}
	grace := time.NewTimer(askGrace)
	defer grace.Stop()
	select {
	case answer = <-answers:
		return answer, true
	case <-grace.C:
		return answer, false
	}
}

// start begins what a client does by itself: it looks for its brokers, reports trouble and asks for OAUTHBEARER
// tokens. It is called once, when emit may be.
func (c *client) start() {
	c.startBrokers()
	c.startOAuth()
}

// engineGrace is what the engine gets to take leave of its brokers: it ends fetch sessions. Against a broker that does
// not answer it would go on for the time that a request may take.
const engineGrace = time.Second

// stop ends the engine and waits for every goroutine of the client. The engine goes first: what waits for it returns.
func (c *client) stop() {
	c.log.debugf("generic", "TERMINATE", "Client %s ends", c.name)
	c.tasks.cancel()
	first := c.current.Load()
	first.close()
	c.tasks.wait()
	if last := c.current.Load(); last != first { // a transactional call was about to replace it
		last.close()
	}
	hangups.leave()
	c.stopMock() // after all that could still ask it something
	c.log.close()
}

// verify returns the error of a call on a closed client, nil while it is open.
func (c *client) verify() error {
	if c.closed.Load() {
		return errClosed()
	}
	return nil
}

// setFatal records the first fatal error and tells the application of it once. It reports whether this was it.
func (c *client) setFatal(err Error) bool {
	err.fatal = true
	c.fatalMu.Lock()
	if c.fatal != nil {
		c.fatalMu.Unlock()
		return false
	}
	c.fatal = &err
	c.fatalMu.Unlock()
	c.log.printf(logCrit, "FATAL", "Fatal error: %s: %s", err.code, err.str)
	c.emit(err)
	return true
}

// fatalError returns the fatal error, nil where there is none.
func (c *client) fatalError() error {
	c.fatalMu.Lock()
	defer c.fatalMu.Unlock()
	if c.fatal == nil {
		return nil
	}
	return *c.fatal
}

// tasks are the goroutines of a client: all of them are started here, get a context that Close cancels, and are
// waited for.
type tasks struct {
	ctx    context.Context
	cancel context.CancelFunc
	wg     sync.WaitGroup

	mu    sync.Mutex // guards ended, so that nothing starts once wait was called
	ended bool
}

// run starts f in a goroutine of the client. It reports whether it did: a client that has stopped starts nothing.
func (t *tasks) run(f func(ctx context.Context)) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.ended {
		return false
	}
	t.wg.Add(1)
	go func() {
		defer t.wg.Done()
		f(t.ctx)
	}()
	return true
}

func (t *tasks) wait() {
	t.mu.Lock()
	t.ended = true
	t.mu.Unlock()
	t.wg.Wait()
}

// topicSet holds topic names and one shared pointer for each, so that messages need not allocate one.
type topicSet struct {
	m      sync.Map // string → *string
	counts sync.Map // string → int, the number of partitions that the last answer of a broker had
}

// name returns the shared pointer to a topic's name.
func (s *topicSet) name(topic string) *string {
	if p, ok := s.m.Load(topic); ok {
		return p.(*string)
	}
	p, _ := s.m.LoadOrStore(topic, &topic)
	return p.(*string)
}

// learn notes how many partitions a topic has.
func (s *topicSet) learn(topic string, partitions int) {
	if partitions > 0 && s.count(topic) != partitions {
		s.counts.Store(topic, partitions)
	}
}

// count returns how many partitions a topic has, 0 when no broker has said so yet.
func (s *topicSet) count(topic string) int {
	n, _ := s.counts.Load(topic)
	count, _ := n.(int)
	return count
}

// all returns the names.
func (s *topicSet) all() (names []string) {
	s.m.Range(func(k, _ any) bool { names = append(names, k.(string)); return true })
	return names
}
