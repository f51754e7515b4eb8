package kafka

import (
	"context"
	"sort"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// PartitionReassignment moves a partition to other brokers. It is an addition to the peer's API, as all of this file.
type PartitionReassignment struct {
	TopicPartition TopicPartition
	Replicas       []int32 // the broker ids that are to hold it, the preferred leader first; nil cancels what is under way
}

// AlterPartitionReassignmentsAdminOption is an option of AlterPartitionReassignments: [SetAdminOperationTimeout] or
// [SetAdminRequestTimeout].
type AlterPartitionReassignmentsAdminOption interface {
	AdminOption
	supportsAlterPartitionReassignments()
}

func (AdminOptionOperationTimeout) supportsAlterPartitionReassignments() {}
func (AdminOptionRequestTimeout) supportsAlterPartitionReassignments()   {}

// AlterPartitionReassignmentsResult is what AlterPartitionReassignments returns, in the order of the request: the Error
// of every partition is an Error, of code ErrNoError where the reassignment has begun or is cancelled.
type AlterPartitionReassignmentsResult struct {
	TopicPartitions []TopicPartition
}

// AlterPartitionReassignments begins to move partitions to other brokers, or cancels it. It does not wait until they
// are moved: ListPartitionReassignments tells. See [AdminClient] for how calls wait. ErrInvalidArg: an empty list, a
// partition twice, an empty list of replicas that is not nil.
func (a *AdminClient) AlterPartitionReassignments(ctx context.Context, reassignments []PartitionReassignment, options ...AlterPartitionReassignmentsAdminOption) (result AlterPartitionReassignmentsResult, err error) {
	call, err := begin(ctx, a, waitController, options)
	if err != nil {
		return result, err
	}
	defer call.cancel()
	asked := make([]TopicPartition, len(reassignments))
	for i, r := range reassignments {
		asked[i] = r.TopicPartition
		if r.Replicas != nil && len(r.Replicas) == 0 {
			return result, newErrorf(ErrInvalidArg, "No replicas for %s: name brokers, or leave it nil to cancel", r.TopicPartition)
		}
	}
	if err := checkPartitions(asked, "Duplicate partitions not allowed"); err != nil {
		return result, err
	}
	if len(asked) == 0 {
		return result, newErrorf(ErrInvalidArg, "No partitions to reassign")
	}
	req := kmsg.NewPtrAlterPartitionAssignmentsRequest()
	req.TimeoutMillis = call.operationMillis()
	at := map[string]int{}
	for _, r := range reassignments {
		n, ok := at[*r.TopicPartition.Topic]
		if !ok {
			t := kmsg.NewAlterPartitionAssignmentsRequestTopic()
			t.Topic = *r.TopicPartition.Topic
			n, at[t.Topic] = len(req.Topics), len(req.Topics)
			req.Topics = append(req.Topics, t)
		}
		p := kmsg.NewAlterPartitionAssignmentsRequestTopicPartition()
		p.Partition, p.Replicas = r.TopicPartition.Partition, r.Replicas
		req.Topics[n].Partitions = append(req.Topics[n].Partitions, p)
	}
	resp, err := request[*kmsg.AlterPartitionAssignmentsResponse](call, req)
	if err != nil {
		return result, err
	}
	if resp.ErrorCode != 0 {
		return result, itemError(resp.ErrorCode, resp.ErrorMessage)
	}
	found := map[topicPartition]Error{}
	for _, t := range resp.Topics {
		for _, p := range t.Partitions {
			found[topicPartition{t.Topic, p.Partition}] = itemError(p.ErrorCode, p.ErrorMessage)
		}
	}
	result.TopicPartitions = partitionResults(asked, found)
	return result, nil
}

// ListPartitionReassignmentsAdminOption is an option of ListPartitionReassignments: [SetAdminOperationTimeout] or
// [SetAdminRequestTimeout].
type ListPartitionReassignmentsAdminOption interface {
	AdminOption
	supportsListPartitionReassignments()
}

func (AdminOptionOperationTimeout) supportsListPartitionReassignments() {}
func (AdminOptionRequestTimeout) supportsListPartitionReassignments()   {}

// OngoingReassignment is a partition that is being moved, with broker ids.
type OngoingReassignment struct {
	TopicPartition   TopicPartition
	Replicas         []int32 // all that hold it at the moment
	AddingReplicas   []int32
	RemovingReplicas []int32
}

// ListPartitionReassignmentsResult is what ListPartitionReassignments returns, sorted by topic and partition.
type ListPartitionReassignmentsResult struct {
	Reassignments []OngoingReassignment
}

// ListPartitionReassignments lists which of the partitions are being moved; nil means of all. See [AdminClient] for how
// calls wait. ErrInvalidArg: a partition twice.
func (a *AdminClient) ListPartitionReassignments(ctx context.Context, partitions []TopicPartition, options ...ListPartitionReassignmentsAdminOption) (result ListPartitionReassignmentsResult, err error) {
	call, err := begin(ctx, a, waitController, options)
	if err != nil {
		return result, err
	}
	defer call.cancel()
	if err := checkPartitions(partitions, "Duplicate partitions not allowed"); err != nil {
		return result, err
	}
	req := kmsg.NewPtrListPartitionReassignmentsRequest()
	req.TimeoutMillis = call.operationMillis()
	if partitions != nil {
		req.Topics = []kmsg.ListPartitionReassignmentsRequestTopic{}
	}
	for topic, ids := range partitionsByTopic(partitions) {
		t := kmsg.NewListPartitionReassignmentsRequestTopic()
		t.Topic, t.Partitions = topic, ids
		req.Topics = append(req.Topics, t)
	}
	resp, err := request[*kmsg.ListPartitionReassignmentsResponse](call, req)
	if err != nil {
		return result, err
	}
	if resp.ErrorCode != 0 {
		return result, itemError(resp.ErrorCode, resp.ErrorMessage)
	}
	result.Reassignments = []OngoingReassignment{}
	for _, t := range resp.Topics {
		for _, p := range t.Partitions {
			result.Reassignments = append(result.Reassignments, OngoingReassignment{
				TopicPartition: TopicPartition{Topic: &t.Topic, Partition: p.Partition},
				Replicas:       p.Replicas, AddingReplicas: p.AddingReplicas, RemovingReplicas: p.RemovingReplicas,
			})
		}
	}
	sort.Slice(result.Reassignments, func(i, j int) bool {
		return TopicPartitions{result.Reassignments[i].TopicPartition, result.Reassignments[j].TopicPartition}.Less(0, 1)
	})
	return result, nil
}
