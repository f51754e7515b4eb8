package kafka

import (
	"cmp"
	"context"
	"slices"
	"sort"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// DescribeLogDirsAdminOption is an option of DescribeLogDirs: [SetAdminRequestTimeout].
type DescribeLogDirsAdminOption interface {
	AdminOption
	supportsDescribeLogDirs()
}

func (AdminOptionRequestTimeout) supportsDescribeLogDirs() {}

// LogDirReplica is a replica in a log directory.
type LogDirReplica struct {
	TopicPartition TopicPartition
	Size           int64 // bytes on disk
	OffsetLag      int64 // messages that it is behind the partition's end
	IsFuture       bool  // it is being moved here from another directory of the broker
}

// LogDirDescription is one directory in which a broker keeps messages. Where Error is set and Dir is "", the broker as
// a whole did not answer.
type LogDirDescription struct {
	Broker      int32
	Dir         string
	Error       Error
	TotalBytes  int64 // of the volume, -1 where the broker does not tell
	UsableBytes int64 // left on the volume, -1 where the broker does not tell
	Replicas    []LogDirReplica
}

// DescribeLogDirsResult is what DescribeLogDirs returns, sorted by broker and directory.
type DescribeLogDirsResult struct {
	LogDirs []LogDirDescription
}

// DescribeLogDirs describes the log directories of brokers, of all with a nil list, and the replicas in them: those of
// the partitions given, of all with nil. It is an addition to the peer's API. See [AdminClient] for how calls wait. A
// broker that the cluster does not have is not in the result. ErrInvalidArg: a partition twice.
func (a *AdminClient) DescribeLogDirs(ctx context.Context, brokers []int32, partitions []TopicPartition, options ...DescribeLogDirsAdminOption) (result DescribeLogDirsResult, err error) {
	call, err := begin(ctx, a, waitBroker, options)
	if err != nil {
		return result, err
	}
	defer call.cancel()
	if err := checkPartitions(partitions, "Duplicate partitions not allowed"); err != nil {
		return result, err
	}
	req := kmsg.NewPtrDescribeLogDirsRequest()
	if partitions != nil {
		req.Topics = []kmsg.DescribeLogDirsRequestTopic{}
	}
	for topic, ids := range partitionsByTopic(partitions) {
		t := kmsg.NewDescribeLogDirsRequestTopic()
		t.Topic, t.Partitions = topic, ids
		req.Topics = append(req.Topics, t)
	}
	result.LogDirs = []LogDirDescription{}
	for _, s := range call.client.ask(call.ctx, req) {
		if s.Err != nil && call.app.Err() != nil {
			return DescribeLogDirsResult{}, call.app.Err()
		}
		broker := s.Meta.NodeID
		if brokers != nil && broker >= 0 && !slices.Contains(brokers, broker) {
			continue
		}
		if s.Err != nil {
			result.LogDirs = append(result.LogDirs, LogDirDescription{Broker: broker, Error: call.itemFail(s.Err)})
			continue
		}
		resp := s.Resp.(*kmsg.DescribeLogDirsResponse)
		if resp.ErrorCode != 0 {
			result.LogDirs = append(result.LogDirs, LogDirDescription{Broker: broker, Error: itemError(resp.ErrorCode, nil)})
			continue
		}
		for _, d := range resp.Dirs {
			result.LogDirs = append(result.LogDirs, logDir(broker, d))
		}
	}
	slices.SortFunc(result.LogDirs, func(a, b LogDirDescription) int {
		return cmp.Or(cmp.Compare(a.Broker, b.Broker), cmp.Compare(a.Dir, b.Dir))
	})
	return result, nil
}

func logDir(broker int32, d kmsg.DescribeLogDirsResponseDir) LogDirDescription {
	ld := LogDirDescription{
		Broker: broker, Dir: d.Dir, Error: itemError(d.ErrorCode, nil), TotalBytes: d.TotalBytes, UsableBytes: d.UsableBytes,
		Replicas: []LogDirReplica{},
	}
	for _, t := range d.Topics {
		for _, p := range t.Partitions {
			ld.Replicas = append(ld.Replicas, LogDirReplica{
				TopicPartition: TopicPartition{Topic: &t.Topic, Partition: p.Partition}, Size: p.Size, OffsetLag: p.OffsetLag, IsFuture: p.IsFuture,
			})
		}
	}
	sort.Slice(ld.Replicas, func(i, j int) bool {
		return TopicPartitions{ld.Replicas[i].TopicPartition, ld.Replicas[j].TopicPartition}.Less(0, 1)
	})
	return ld
}
