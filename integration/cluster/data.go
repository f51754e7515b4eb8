package cluster

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// Client returns a client of the engine on the plaintext listener. Tests use it to put data in place and to look at
// what the library under test left behind, so that no mistake of the library can hide behind itself.
func (c *Cluster) Client() (*kgo.Client, error) {
	c.clientMu.Lock()
	defer c.clientMu.Unlock()
	if c.client != nil {
		return c.client, nil
	}
	client, err := kgo.NewClient(
		kgo.SeedBrokers(strings.Split(c.Bootstrap(Plain), ",")...),
		kgo.RecordPartitioner(kgo.ManualPartitioner()),
		kgo.MetadataMinAge(50*time.Millisecond),
	)
	if err == nil {
		c.client = client
	}
	return client, err
}

// Admin returns an admin client of the engine, see Client.
func (c *Cluster) Admin() (*kadm.Client, error) {
	client, err := c.Client()
	if err != nil {
		return nil, err
	}
	return kadm.NewClient(client), nil
}

// CreateTopic creates a topic with a copy on each node and returns when every partition has a leader, of which every
// node knows: a client that asks a node which does not know the topic yet would not ask again for minutes.
func (c *Cluster) CreateTopic(ctx context.Context, name string, partitions int, configs map[string]string) error {
	ctx, cancel := within(ctx, 30*time.Second)
	defer cancel()
	admin, err := c.Admin()
	if err != nil {
		return err
	}
	vals := map[string]*string{}
	for k, v := range configs {
		vals[k] = &v
	}
	if _, err := admin.CreateTopic(ctx, int32(partitions), -1, vals, name); err != nil {
		return fmt.Errorf("creating topic %s: %w", name, err)
	}
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		if c.knownToAll(ctx, name, partitions) {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("topic %s has not got its %d leaders: %w", name, partitions, ctx.Err())
		case <-tick.C:
		}
	}
}

// knownToAll reports whether each node that runs names a leader for all partitions of a topic.
func (c *Cluster) knownToAll(ctx context.Context, topic string, partitions int) bool {
	client, err := c.Client()
	if err != nil {
		return false
	}
	meta, err := kadm.NewClient(client).BrokerMetadata(ctx)
	if err != nil || len(meta.Brokers) == 0 {
		return false
	}
	for _, node := range meta.Brokers {
		req := kmsg.NewPtrMetadataRequest()
		want := kmsg.NewMetadataRequestTopic()
		want.Topic = &topic
		req.Topics = append(req.Topics, want)
		answer, err := client.Broker(int(node.NodeID)).RetriableRequest(ctx, req)
		if err != nil {
			return false
		}
		led := 0
		for _, t := range answer.(*kmsg.MetadataResponse).Topics {
			for _, p := range t.Partitions {
				if p.ErrorCode == 0 && p.Leader >= 0 {
					led++
				}
			}
		}
		if led != partitions {
			return false
		}
	}
	return true
}

// Leaders returns the node that leads each partition of a topic; partitions without one are left out.
func (c *Cluster) Leaders(ctx context.Context, topic string) (map[int32]int, error) {
	admin, err := c.Admin()
	if err != nil {
		return nil, err
	}
	meta, err := admin.Metadata(ctx, topic)
	if err != nil {
		return nil, err
	}
	leaders := map[int32]int{}
	for _, p := range meta.Topics[topic].Partitions {
		if p.Err == nil && p.Leader >= 0 {
			leaders[p.Partition] = int(p.Leader)
		}
	}
	return leaders, nil
}

// Put writes records by the engine and returns when all are there on all nodes. Their partitions are as given.
func (c *Cluster) Put(ctx context.Context, records ...*kgo.Record) error {
	ctx, cancel := within(ctx, 30*time.Second)
	defer cancel()
	client, err := c.Client()
	if err != nil {
		return err
	}
	return client.ProduceSync(ctx, records...).FirstErr()
}

// ReadAll reads all that a topic holds, by the engine.
func (c *Cluster) ReadAll(ctx context.Context, topic string) ([]*kgo.Record, error) {
	ctx, cancel := within(ctx, 30*time.Second)
	defer cancel()
	admin, err := c.Admin()
	if err != nil {
		return nil, err
	}
	ends, err := admin.ListEndOffsets(ctx, topic)
	if err != nil {
		return nil, err
	}
	left := map[int32]int64{}
	from := map[string]map[int32]kgo.Offset{topic: {}}
	starts, err := admin.ListStartOffsets(ctx, topic)
	if err != nil {
		return nil, err
	}
	ends.Each(func(o kadm.ListedOffset) {
		if start, ok := starts.Lookup(topic, o.Partition); ok && o.Offset > start.Offset {
			left[o.Partition] = o.Offset
			from[topic][o.Partition] = kgo.NewOffset().At(start.Offset)
		}
	})
	if len(left) == 0 {
		return nil, nil
	}
	reader, err := kgo.NewClient(kgo.SeedBrokers(strings.Split(c.Bootstrap(Plain), ",")...), kgo.ConsumePartitions(from),
		kgo.FetchMaxWait(100*time.Millisecond), kgo.KeepControlRecords())
	if err != nil {
		return nil, err
	}
	defer reader.Close()
	var all []*kgo.Record
	for len(left) > 0 {
		fetches := reader.PollFetches(ctx)
		if err := ctx.Err(); err != nil {
			return all, fmt.Errorf("reading topic %s, partitions left %v: %w", topic, left, err)
		}
		fetches.EachRecord(func(r *kgo.Record) {
			if !r.Attrs.IsControl() {
				all = append(all, r)
			}
			if r.Offset+1 >= left[r.Partition] {
				delete(left, r.Partition)
			}
		})
	}
	return all, nil
}
