package kafka

import "strings"

// ConsumerGroupState is where a group is in its life.
type ConsumerGroupState int

// Consumer group states.
const (
	ConsumerGroupStateUnknown             ConsumerGroupState = 0
	ConsumerGroupStatePreparingRebalance  ConsumerGroupState = 1
	ConsumerGroupStateCompletingRebalance ConsumerGroupState = 2
	ConsumerGroupStateStable              ConsumerGroupState = 3
	ConsumerGroupStateDead                ConsumerGroupState = 4
	ConsumerGroupStateEmpty               ConsumerGroupState = 5
)

var groupStateNames = []string{"Unknown", "PreparingRebalance", "CompletingRebalance", "Stable", "Dead", "Empty"}

// String returns the name, "" for a number without one.
func (t ConsumerGroupState) String() string {
	if t < 0 || int(t) >= len(groupStateNames) {
		return ""
	}
	return groupStateNames[t]
}

// ConsumerGroupStateFromString returns the state of this name in any case, ConsumerGroupStateUnknown for any other. The
// error is always nil.
func ConsumerGroupStateFromString(stateString string) (ConsumerGroupState, error) {
	for i, n := range groupStateNames {
		if strings.EqualFold(n, stateString) {
			return ConsumerGroupState(i), nil
		}
	}
	return ConsumerGroupStateUnknown, nil
}

// ConsumerGroupType is the protocol that a group's members speak.
type ConsumerGroupType int

// Consumer group types.
const (
	ConsumerGroupTypeUnknown  ConsumerGroupType = 0
	ConsumerGroupTypeConsumer ConsumerGroupType = 1 // KIP-848: the broker assigns
	ConsumerGroupTypeClassic  ConsumerGroupType = 2 // a member assigns
)

var groupTypeNames = []string{"Unknown", "Consumer", "Classic"}

// String returns the name, "" for a number without one.
func (t ConsumerGroupType) String() string {
	if t < 0 || int(t) >= len(groupTypeNames) {
		return ""
	}
	return groupTypeNames[t]
}

// ConsumerGroupTypeFromString returns the type of this name in any case, ConsumerGroupTypeUnknown for any other.
func ConsumerGroupTypeFromString(typeString string) ConsumerGroupType {
	for i, n := range groupTypeNames {
		if strings.EqualFold(n, typeString) {
			return ConsumerGroupType(i)
		}
	}
	return ConsumerGroupTypeUnknown
}
