package kafka

import (
	"context"
	"errors"
	"iter"
	"maps"
	"slices"
	"sync/atomic"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// AdminClient manages a cluster: topics, configurations, groups, offsets, ACLs and credentials.
//
// All its calls block until the answer is there, the context ends (the context's error is returned as it is), or the
// request timeout passes: an ErrTimedOut that says what was waited for. A nil context is one that never ends. They may
// be made from any goroutine and from callbacks. A call returns an error only for what concerns it as a whole; what
// happened to each topic, group or partition is in the result, in the order of the request, with an Error of code
// ErrNoError where all went well. After Close every call is an ErrState.
type AdminClient struct {
	client *client
	shared bool // made from a Producer or a Consumer, which owns the client
	closed atomic.Bool
}

// NewAdminClient makes an admin client with connections of its own. It takes the configuration of a producer. It does
// not wait for a broker.
func NewAdminClient(conf *ConfigMap) (*AdminClient, error) {
	if conf == nil {
		return nil, newErrorf(ErrInvalidArg, "The configuration is nil: pass a ConfigMap with bootstrap.servers")
	}
	s, err := resolve(conf, adminClient)
	if err != nil {
		return nil, err
	}
	c, err := newClient(s, func(Event) {}) // there is no way to read an admin client's events
	if err != nil {
		return nil, err
	}
	c.start()
	return &AdminClient{client: c}, nil
}

// NewAdminClientFromProducer makes an admin client that uses a producer's connections. It is no use once the producer
// is closed. A closed producer is an ErrInvalidArg.
func NewAdminClientFromProducer(p *Producer) (a *AdminClient, err error) {
	if p == nil || p.IsClosed() {
		return nil, newErrorf(ErrInvalidArg, "Can't derive AdminClient from closed producer")
	}
	return &AdminClient{client: p.client, shared: true}, nil
}

// NewAdminClientFromConsumer makes an admin client that uses a consumer's connections. It is no use once the consumer
// is closed. A closed consumer is an ErrInvalidArg.
func NewAdminClientFromConsumer(c *Consumer) (a *AdminClient, err error) {
	if c == nil || c.IsClosed() {
		return nil, newErrorf(ErrInvalidArg, "Can't derive AdminClient from closed consumer")
	}
	return &AdminClient{client: c.client, shared: true}, nil
}

// Close ends the client and every call on it. On an admin client made from a producer or consumer it ends only the
// admin client. A second Close does nothing.
func (a *AdminClient) Close() {
	if a.closed.Swap(true) || a.shared {
		return
	}
	a.client.closed.Store(true)
	a.client.stop()
}

// IsClosed reports whether Close was called.
func (a *AdminClient) IsClosed() bool { return a.closed.Load() }

// String returns "admin-" and the name of the client below.
func (a *AdminClient) String() string { return "admin-" + a.client.name }

// Logs returns the channel of the client's log with go.logs.channel.enable, else nil. Close closes it, unless it is
// the application's own.
func (a *AdminClient) Logs() chan LogEvent { return a.client.log.logs }

func (a *AdminClient) handle() *client { return a.client }

// verify returns the error of a call on a closed client, nil while it is open.
func (a *AdminClient) verify() error {
	if a.closed.Load() {
		return errClosed()
	}
	return a.client.verify()
}

// GetMetadata asks a broker about one topic; about all topics; or, with a nil topic and allTopics false, about those
// that this client has asked for before, all if there are none. Asking for a topic may create it, if the brokers are
// configured so. It blocks for up to timeoutMs milliseconds, -1 without end: ErrTransport when no broker could be
// reached until then, ErrTimedOut when one did not answer.
func (a *AdminClient) GetMetadata(topic *string, allTopics bool, timeoutMs int) (*Metadata, error) {
	if err := a.verify(); err != nil {
		return nil, err
	}
	return a.client.getMetadata(topic, allTopics, timeoutMs)
}

// ClusterID returns the id of the cluster. It waits until a broker answers or ctx ends, and returns ctx's error then.
func (a *AdminClient) ClusterID(ctx context.Context) (clusterID string, err error) {
	resp, err := a.clusterMetadata(ctx)
	if err != nil || resp.ClusterID == nil {
		return "", err
	}
	return *resp.ClusterID, nil
}

// ControllerID returns the broker id of the controller. It waits until a broker answers or ctx ends, and returns ctx's
// error then. On a closed client the id is -1.
func (a *AdminClient) ControllerID(ctx context.Context) (controllerID int32, err error) {
	if err := a.verify(); err != nil {
		return -1, err
	}
	resp, err := a.clusterMetadata(ctx)
	if err != nil {
		return 0, err
	}
	return resp.ControllerID, nil
}

// clusterMetadata asks for the brokers alone, until one answers or ctx ends.
func (a *AdminClient) clusterMetadata(ctx context.Context) (*kmsg.MetadataResponse, error) {
	if err := a.verify(); err != nil {
		return nil, err
	}
	call := a.client.admin(ctx, adminOptions{requestTimeout: -1}, "")
	defer call.cancel()
	req := kmsg.NewPtrMetadataRequest()
	req.Topics = []kmsg.MetadataRequestTopic{}
	for {
		resp, err := request[*kmsg.MetadataResponse](call, req)
		if err == nil && resp.ControllerID >= 0 || call.ctx.Err() != nil {
			return resp, err
		}
		sleep(call.ctx, unreachableBackoff)
	}
}

// adminCall is one call under way: its limits and what it waits for.
type adminCall struct {
	adminOptions
	client *client
	app    context.Context // the application's
	ctx    context.Context // ends with app, with the request timeout and with Close
	cancel func()
	stage  string // what a timeout says was waited for
}

// What calls wait for, as librdkafka words it.
const (
	waitController = "waiting for controller"
	waitBroker     = "waiting for broker"
	waitResponse   = "waiting for response from broker"
)

// begin starts a call on an open client.
func begin[O AdminOption](ctx context.Context, a *AdminClient, stage string, opts []O) (*adminCall, error) {
	if err := a.verify(); err != nil {
		return nil, err
	}
	o, err := adminOptionsOf(a.client, opts)
	if err != nil {
		return nil, err
	}
	if o.requestTimeoutSet && o.requestTimeout == 0 {
		return nil, newErrorf(ErrTimedOut, "Timed out initializing")
	}
	return a.client.admin(ctx, o, stage), nil
}

// admin makes the limits of a call. A negative request timeout is none.
func (c *client) admin(ctx context.Context, o adminOptions, stage string) *adminCall {
	if ctx == nil {
		ctx = context.Background()
	}
	call := &adminCall{adminOptions: o, client: c, app: ctx, stage: stage}
	limited, endLimit := ctx, context.CancelFunc(func() {})
	if o.requestTimeout >= 0 {
		limited, endLimit = context.WithTimeout(ctx, o.requestTimeout)
	}
	var end context.CancelFunc
	call.ctx, end = context.WithCancel(limited)
	unhook := context.AfterFunc(c.tasks.ctx, end)
	call.cancel = func() { unhook(); end(); endLimit() }
	return call
}

// fail is the error of a call that got no answer. The application's context goes first, then the request timeout.
func (call *adminCall) fail(err error) error {
	switch {
	case call.app.Err() != nil:
		return call.app.Err()
	case errors.Is(call.ctx.Err(), context.DeadlineExceeded):
		return newErrorf(ErrTimedOut, "Failed while %s: %s", call.stage, ErrTimedOut).withCause(err)
	case call.ctx.Err() != nil, call.client.tasks.ctx.Err() != nil: // Close may be seen in the error before it is in ctx
		return newError(ErrDestroy).withCause(err)
	}
	return toError(err)
}

// request sends req to the broker that it is for, be it the controller, a coordinator or any, and waits for the answer.
func request[R kmsg.Response](call *adminCall, req kmsg.Request) (R, error) {
	var none R
	shard := call.client.ask(call.ctx, req)[0]
	if shard.Err != nil {
		return none, call.fail(shard.Err)
	}
	resp, ok := shard.Resp.(R)
	if !ok {
		return none, newErrorf(ErrBadMsg, "The broker answered %s with %T", kmsg.NameForKey(req.Key()), shard.Resp)
	}
	return resp, nil
}

// awaitBroker waits until the cluster has a broker of this id: one that is not there may yet come, for which the peer
// waits as long as the call lasts.
func (call *adminCall) awaitBroker(id int32) error {
	req := kmsg.NewPtrMetadataRequest()
	req.Topics = []kmsg.MetadataRequestTopic{}
	for {
		resp, err := request[*kmsg.MetadataResponse](call, req)
		if err != nil {
			return err
		}
		for _, b := range resp.Brokers {
			if b.NodeID == id {
				return nil
			}
		}
		if !sleep(call.ctx, unreachableBackoff) {
			return call.fail(call.ctx.Err())
		}
	}
}

// itemError is the error of one item of a result: the broker's text where it gave one, else the code's.
func itemError(code int16, text *string) Error {
	e := codeError(code)
	if text != nil && code != 0 {
		e.str = *text
	}
	if e.str == "" {
		e.str = e.code.String()
	}
	return e
}

// itemLocalError is the error of one item that no broker answered for.
func itemLocalError(err error) Error {
	e := toError(err)
	if e.str == "" {
		e.str = e.code.String()
	}
	return e
}

// missing is the error of an item that the answer lacks.
func missing(kind, name string) Error {
	return newErrorf(ErrBadMsg, "The broker's answer lacks the %s %q", kind, name)
}

// distinct returns the items without repetitions, in their order.
func distinct[T comparable](items []T) (out []T) {
	for _, i := range items {
		if !slices.Contains(out, i) {
			out = append(out, i)
		}
	}
	return out
}

// sortedKeys are the keys of m in order, so that requests come out the same every time.
func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// checkPartitions refuses partitions without a topic, and those given twice with the text twice.
func checkPartitions(partitions []TopicPartition, twice string) error {
	seen := map[topicPartition]bool{}
	for _, p := range partitions {
		if p.Topic == nil {
			return newErrorf(ErrInvalidArg, "The topic of partition %d is missing: set Topic", p.Partition)
		}
		k := topicPartition{*p.Topic, p.Partition}
		if seen[k] {
			return newErrorf(ErrInvalidArg, "%s", twice)
		}
		seen[k] = true
	}
	return nil
}

// topicNames are the topics of partitions.
func topicNames(partitions []TopicPartition) []string {
	names := make([]string, len(partitions))
	for i, p := range partitions {
		names[i] = *p.Topic
	}
	return names
}

// partitionsByTopic gives the partitions' topics in the order in which they first come, each with all its partitions.
func partitionsByTopic(partitions []TopicPartition) iter.Seq2[string, []int32] {
	return func(yield func(string, []int32) bool) {
		ids := map[string][]int32{}
		var topics []string
		for _, p := range partitions {
			if _, ok := ids[*p.Topic]; !ok {
				topics = append(topics, *p.Topic)
			}
			ids[*p.Topic] = append(ids[*p.Topic], p.Partition)
		}
		for _, t := range topics {
			if !yield(t, ids[t]) {
				return
			}
		}
	}
}

// partitionResults puts the errors of partitions in the order of the request.
func partitionResults(asked []TopicPartition, found map[topicPartition]Error) []TopicPartition {
	results := make([]TopicPartition, len(asked))
	for i, p := range asked {
		e, ok := found[topicPartition{*p.Topic, p.Partition}]
		if !ok {
			e = missing("partition", p.String())
		}
		results[i] = TopicPartition{Topic: p.Topic, Partition: p.Partition, Error: e}
	}
	return results
}
