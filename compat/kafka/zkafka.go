// Code generated from the exported API of github.com/purego-kafka/kafka. DO NOT EDIT.

package kafka

import (
	"context"
	"os"
	"time"

	"github.com/purego-kafka/kafka"
)

// The constants of github.com/purego-kafka/kafka.
const (
	ACLOperationAll                       = kafka.ACLOperationAll
	ACLOperationAlter                     = kafka.ACLOperationAlter
	ACLOperationAlterConfigs              = kafka.ACLOperationAlterConfigs
	ACLOperationAny                       = kafka.ACLOperationAny
	ACLOperationClusterAction             = kafka.ACLOperationClusterAction
	ACLOperationCreate                    = kafka.ACLOperationCreate
	ACLOperationDelete                    = kafka.ACLOperationDelete
	ACLOperationDescribe                  = kafka.ACLOperationDescribe
	ACLOperationDescribeConfigs           = kafka.ACLOperationDescribeConfigs
	ACLOperationIdempotentWrite           = kafka.ACLOperationIdempotentWrite
	ACLOperationRead                      = kafka.ACLOperationRead
	ACLOperationUnknown                   = kafka.ACLOperationUnknown
	ACLOperationWrite                     = kafka.ACLOperationWrite
	ACLPermissionTypeAllow                = kafka.ACLPermissionTypeAllow
	ACLPermissionTypeAny                  = kafka.ACLPermissionTypeAny
	ACLPermissionTypeDeny                 = kafka.ACLPermissionTypeDeny
	ACLPermissionTypeUnknown              = kafka.ACLPermissionTypeUnknown
	AlterConfigOpTypeAppend               = kafka.AlterConfigOpTypeAppend
	AlterConfigOpTypeDelete               = kafka.AlterConfigOpTypeDelete
	AlterConfigOpTypeSet                  = kafka.AlterConfigOpTypeSet
	AlterConfigOpTypeSubtract             = kafka.AlterConfigOpTypeSubtract
	AlterOperationSet                     = kafka.AlterOperationSet
	ClientQuotaMatchAny                   = kafka.ClientQuotaMatchAny
	ClientQuotaMatchDefault               = kafka.ClientQuotaMatchDefault
	ClientQuotaMatchExact                 = kafka.ClientQuotaMatchExact
	ConfigSourceDefault                   = kafka.ConfigSourceDefault
	ConfigSourceDynamicBroker             = kafka.ConfigSourceDynamicBroker
	ConfigSourceDynamicDefaultBroker      = kafka.ConfigSourceDynamicDefaultBroker
	ConfigSourceDynamicTopic              = kafka.ConfigSourceDynamicTopic
	ConfigSourceGroup                     = kafka.ConfigSourceGroup
	ConfigSourceStaticBroker              = kafka.ConfigSourceStaticBroker
	ConfigSourceUnknown                   = kafka.ConfigSourceUnknown
	ConsumerGroupStateCompletingRebalance = kafka.ConsumerGroupStateCompletingRebalance
	ConsumerGroupStateDead                = kafka.ConsumerGroupStateDead
	ConsumerGroupStateEmpty               = kafka.ConsumerGroupStateEmpty
	ConsumerGroupStatePreparingRebalance  = kafka.ConsumerGroupStatePreparingRebalance
	ConsumerGroupStateStable              = kafka.ConsumerGroupStateStable
	ConsumerGroupStateUnknown             = kafka.ConsumerGroupStateUnknown
	ConsumerGroupTypeClassic              = kafka.ConsumerGroupTypeClassic
	ConsumerGroupTypeConsumer             = kafka.ConsumerGroupTypeConsumer
	ConsumerGroupTypeUnknown              = kafka.ConsumerGroupTypeUnknown
	EarliestOffsetSpec                    = kafka.EarliestOffsetSpec
	ElectionTypePreferred                 = kafka.ElectionTypePreferred
	ElectionTypeUnclean                   = kafka.ElectionTypeUnclean
	ErrAllBrokersDown                     = kafka.ErrAllBrokersDown
	ErrApplication                        = kafka.ErrApplication
	ErrAssignPartitions                   = kafka.ErrAssignPartitions
	ErrAssignmentLost                     = kafka.ErrAssignmentLost
	ErrAuthentication                     = kafka.ErrAuthentication
	ErrAutoOffsetReset                    = kafka.ErrAutoOffsetReset
	ErrBadCompression                     = kafka.ErrBadCompression
	ErrBadMsg                             = kafka.ErrBadMsg
	ErrBrokerNotAvailable                 = kafka.ErrBrokerNotAvailable
	ErrClusterAuthorizationFailed         = kafka.ErrClusterAuthorizationFailed
	ErrConcurrentTransactions             = kafka.ErrConcurrentTransactions
	ErrConflict                           = kafka.ErrConflict
	ErrCoordinatorLoadInProgress          = kafka.ErrCoordinatorLoadInProgress
	ErrCoordinatorNotAvailable            = kafka.ErrCoordinatorNotAvailable
	ErrCritSysResource                    = kafka.ErrCritSysResource
	ErrDelegationTokenAuthDisabled        = kafka.ErrDelegationTokenAuthDisabled
	ErrDelegationTokenAuthorizationFailed = kafka.ErrDelegationTokenAuthorizationFailed
	ErrDelegationTokenExpired             = kafka.ErrDelegationTokenExpired
	ErrDelegationTokenNotFound            = kafka.ErrDelegationTokenNotFound
	ErrDelegationTokenOwnerMismatch       = kafka.ErrDelegationTokenOwnerMismatch
	ErrDelegationTokenRequestNotAllowed   = kafka.ErrDelegationTokenRequestNotAllowed
	ErrDestroy                            = kafka.ErrDestroy
	ErrDestroyBroker                      = kafka.ErrDestroyBroker
	ErrDuplicateResource                  = kafka.ErrDuplicateResource
	ErrDuplicateSequenceNumber            = kafka.ErrDuplicateSequenceNumber
	ErrDuplicateVoter                     = kafka.ErrDuplicateVoter
	ErrElectionNotNeeded                  = kafka.ErrElectionNotNeeded
	ErrEligibleLeadersNotAvailable        = kafka.ErrEligibleLeadersNotAvailable
	ErrExistingSubscription               = kafka.ErrExistingSubscription
	ErrFail                               = kafka.ErrFail
	ErrFatal                              = kafka.ErrFatal
	ErrFeatureUpdateFailed                = kafka.ErrFeatureUpdateFailed
	ErrFenced                             = kafka.ErrFenced
	ErrFencedInstanceID                   = kafka.ErrFencedInstanceID
	ErrFencedLeaderEpoch                  = kafka.ErrFencedLeaderEpoch
	ErrFencedMemberEpoch                  = kafka.ErrFencedMemberEpoch
	ErrFencedStateEpoch                   = kafka.ErrFencedStateEpoch
	ErrFetchSessionIDNotFound             = kafka.ErrFetchSessionIDNotFound
	ErrFs                                 = kafka.ErrFs
	ErrGaplessGuarantee                   = kafka.ErrGaplessGuarantee
	ErrGroupAuthorizationFailed           = kafka.ErrGroupAuthorizationFailed
	ErrGroupIDNotFound                    = kafka.ErrGroupIDNotFound
	ErrGroupMaxSizeReached                = kafka.ErrGroupMaxSizeReached
	ErrGroupSubscribedToTopic             = kafka.ErrGroupSubscribedToTopic
	ErrIllegalGeneration                  = kafka.ErrIllegalGeneration
	ErrIllegalSaslState                   = kafka.ErrIllegalSaslState
	ErrInProgress                         = kafka.ErrInProgress
	ErrInconsistent                       = kafka.ErrInconsistent
	ErrInconsistentGroupProtocol          = kafka.ErrInconsistentGroupProtocol
	ErrInconsistentTopicID                = kafka.ErrInconsistentTopicID
	ErrInconsistentVoterSet               = kafka.ErrInconsistentVoterSet
	ErrIntr                               = kafka.ErrIntr
	ErrInvalidArg                         = kafka.ErrInvalidArg
	ErrInvalidCommitOffsetSize            = kafka.ErrInvalidCommitOffsetSize
	ErrInvalidConfig                      = kafka.ErrInvalidConfig
	ErrInvalidDifferentRecord             = kafka.ErrInvalidDifferentRecord
	ErrInvalidFetchSessionEpoch           = kafka.ErrInvalidFetchSessionEpoch
	ErrInvalidGroupID                     = kafka.ErrInvalidGroupID
	ErrInvalidMsg                         = kafka.ErrInvalidMsg
	ErrInvalidMsgSize                     = kafka.ErrInvalidMsgSize
	ErrInvalidPartitions                  = kafka.ErrInvalidPartitions
	ErrInvalidPrincipalType               = kafka.ErrInvalidPrincipalType
	ErrInvalidProducerEpoch               = kafka.ErrInvalidProducerEpoch
	ErrInvalidProducerIDMapping           = kafka.ErrInvalidProducerIDMapping
	ErrInvalidRecord                      = kafka.ErrInvalidRecord
	ErrInvalidRecordState                 = kafka.ErrInvalidRecordState
	ErrInvalidRegistration                = kafka.ErrInvalidRegistration
	ErrInvalidRegularExpression           = kafka.ErrInvalidRegularExpression
	ErrInvalidReplicaAssignment           = kafka.ErrInvalidReplicaAssignment
	ErrInvalidReplicationFactor           = kafka.ErrInvalidReplicationFactor
	ErrInvalidRequest                     = kafka.ErrInvalidRequest
	ErrInvalidRequiredAcks                = kafka.ErrInvalidRequiredAcks
	ErrInvalidSessionTimeout              = kafka.ErrInvalidSessionTimeout
	ErrInvalidShareSessionEpoch           = kafka.ErrInvalidShareSessionEpoch
	ErrInvalidTimestamp                   = kafka.ErrInvalidTimestamp
	ErrInvalidTransactionTimeout          = kafka.ErrInvalidTransactionTimeout
	ErrInvalidTxnState                    = kafka.ErrInvalidTxnState
	ErrInvalidType                        = kafka.ErrInvalidType
	ErrInvalidUpdateVersion               = kafka.ErrInvalidUpdateVersion
	ErrInvalidVoterKey                    = kafka.ErrInvalidVoterKey
	ErrIsrInsuff                          = kafka.ErrIsrInsuff
	ErrKafkaStorageError                  = kafka.ErrKafkaStorageError
	ErrKeyDeserialization                 = kafka.ErrKeyDeserialization
	ErrKeySerialization                   = kafka.ErrKeySerialization
	ErrLeaderNotAvailable                 = kafka.ErrLeaderNotAvailable
	ErrListenerNotFound                   = kafka.ErrListenerNotFound
	ErrLogDirNotFound                     = kafka.ErrLogDirNotFound
	ErrLogTruncation                      = kafka.ErrLogTruncation
	ErrMaxPollExceeded                    = kafka.ErrMaxPollExceeded
	ErrMemberIDRequired                   = kafka.ErrMemberIDRequired
	ErrMismatchedEndpointType             = kafka.ErrMismatchedEndpointType
	ErrMsgSizeTooLarge                    = kafka.ErrMsgSizeTooLarge
	ErrMsgTimedOut                        = kafka.ErrMsgTimedOut
	ErrNetworkException                   = kafka.ErrNetworkException
	ErrNoError                            = kafka.ErrNoError
	ErrNoOffset                           = kafka.ErrNoOffset
	ErrNoReassignmentInProgress           = kafka.ErrNoReassignmentInProgress
	ErrNodeUpdate                         = kafka.ErrNodeUpdate
	ErrNoent                              = kafka.ErrNoent
	ErrNonEmptyGroup                      = kafka.ErrNonEmptyGroup
	ErrNoop                               = kafka.ErrNoop
	ErrNotConfigured                      = kafka.ErrNotConfigured
	ErrNotController                      = kafka.ErrNotController
	ErrNotCoordinator                     = kafka.ErrNotCoordinator
	ErrNotEnoughReplicas                  = kafka.ErrNotEnoughReplicas
	ErrNotEnoughReplicasAfterAppend       = kafka.ErrNotEnoughReplicasAfterAppend
	ErrNotImplemented                     = kafka.ErrNotImplemented
	ErrNotLeaderForPartition              = kafka.ErrNotLeaderForPartition
	ErrOffsetMetadataTooLarge             = kafka.ErrOffsetMetadataTooLarge
	ErrOffsetNotAvailable                 = kafka.ErrOffsetNotAvailable
	ErrOffsetOutOfRange                   = kafka.ErrOffsetOutOfRange
	ErrOperationNotAttempted              = kafka.ErrOperationNotAttempted
	ErrOutOfOrderSequenceNumber           = kafka.ErrOutOfOrderSequenceNumber
	ErrOutdated                           = kafka.ErrOutdated
	ErrPartial                            = kafka.ErrPartial
	ErrPartitionEOF                       = kafka.ErrPartitionEOF
	ErrPolicyViolation                    = kafka.ErrPolicyViolation
	ErrPreferredLeaderNotAvailable        = kafka.ErrPreferredLeaderNotAvailable
	ErrPrevInProgress                     = kafka.ErrPrevInProgress
	ErrPrincipalDeserializationFailure    = kafka.ErrPrincipalDeserializationFailure
	ErrProducerFenced                     = kafka.ErrProducerFenced
	ErrPurgeInflight                      = kafka.ErrPurgeInflight
	ErrPurgeQueue                         = kafka.ErrPurgeQueue
	ErrQueueFull                          = kafka.ErrQueueFull
	ErrReadOnly                           = kafka.ErrReadOnly
	ErrReassignmentInProgress             = kafka.ErrReassignmentInProgress
	ErrRebalanceInProgress                = kafka.ErrRebalanceInProgress
	ErrRebootstrapRequired                = kafka.ErrRebootstrapRequired
	ErrRecordListTooLarge                 = kafka.ErrRecordListTooLarge
	ErrReplicaNotAvailable                = kafka.ErrReplicaNotAvailable
	ErrRequestTimedOut                    = kafka.ErrRequestTimedOut
	ErrResolve                            = kafka.ErrResolve
	ErrResourceNotFound                   = kafka.ErrResourceNotFound
	ErrRetry                              = kafka.ErrRetry
	ErrRevokePartitions                   = kafka.ErrRevokePartitions
	ErrSaslAuthenticationFailed           = kafka.ErrSaslAuthenticationFailed
	ErrSecurityDisabled                   = kafka.ErrSecurityDisabled
	ErrShareSessionLimitReached           = kafka.ErrShareSessionLimitReached
	ErrShareSessionNotFound               = kafka.ErrShareSessionNotFound
	ErrSsl                                = kafka.ErrSsl
	ErrStaleBrokerEpoch                   = kafka.ErrStaleBrokerEpoch
	ErrStaleCtrlEpoch                     = kafka.ErrStaleCtrlEpoch
	ErrStaleMemberEpoch                   = kafka.ErrStaleMemberEpoch
	ErrState                              = kafka.ErrState
	ErrStreamsInvalidTopology             = kafka.ErrStreamsInvalidTopology
	ErrStreamsInvalidTopologyEpoch        = kafka.ErrStreamsInvalidTopologyEpoch
	ErrStreamsTopologyFenced              = kafka.ErrStreamsTopologyFenced
	ErrTelemetryTooLarge                  = kafka.ErrTelemetryTooLarge
	ErrThrottlingQuotaExceeded            = kafka.ErrThrottlingQuotaExceeded
	ErrTimedOut                           = kafka.ErrTimedOut
	ErrTimedOutQueue                      = kafka.ErrTimedOutQueue
	ErrTopicAlreadyExists                 = kafka.ErrTopicAlreadyExists
	ErrTopicAuthorizationFailed           = kafka.ErrTopicAuthorizationFailed
	ErrTopicDeletionDisabled              = kafka.ErrTopicDeletionDisabled
	ErrTopicException                     = kafka.ErrTopicException
	ErrTransactionAbortable               = kafka.ErrTransactionAbortable
	ErrTransactionCoordinatorFenced       = kafka.ErrTransactionCoordinatorFenced
	ErrTransactionalIDAuthorizationFailed = kafka.ErrTransactionalIDAuthorizationFailed
	ErrTransport                          = kafka.ErrTransport
	ErrUnacceptableCredential             = kafka.ErrUnacceptableCredential
	ErrUnderflow                          = kafka.ErrUnderflow
	ErrUnknown                            = kafka.ErrUnknown
	ErrUnknownBroker                      = kafka.ErrUnknownBroker
	ErrUnknownControllerID                = kafka.ErrUnknownControllerID
	ErrUnknownGroup                       = kafka.ErrUnknownGroup
	ErrUnknownLeaderEpoch                 = kafka.ErrUnknownLeaderEpoch
	ErrUnknownMemberID                    = kafka.ErrUnknownMemberID
	ErrUnknownPartition                   = kafka.ErrUnknownPartition
	ErrUnknownProducerID                  = kafka.ErrUnknownProducerID
	ErrUnknownProtocol                    = kafka.ErrUnknownProtocol
	ErrUnknownSubscriptionID              = kafka.ErrUnknownSubscriptionID
	ErrUnknownTopic                       = kafka.ErrUnknownTopic
	ErrUnknownTopicID                     = kafka.ErrUnknownTopicID
	ErrUnknownTopicOrPart                 = kafka.ErrUnknownTopicOrPart
	ErrUnreleasedInstanceID               = kafka.ErrUnreleasedInstanceID
	ErrUnstableOffsetCommit               = kafka.ErrUnstableOffsetCommit
	ErrUnsupportedAssignor                = kafka.ErrUnsupportedAssignor
	ErrUnsupportedCompressionType         = kafka.ErrUnsupportedCompressionType
	ErrUnsupportedEndpointType            = kafka.ErrUnsupportedEndpointType
	ErrUnsupportedFeature                 = kafka.ErrUnsupportedFeature
	ErrUnsupportedForMessageFormat        = kafka.ErrUnsupportedForMessageFormat
	ErrUnsupportedSaslMechanism           = kafka.ErrUnsupportedSaslMechanism
	ErrUnsupportedVersion                 = kafka.ErrUnsupportedVersion
	ErrValueDeserialization               = kafka.ErrValueDeserialization
	ErrValueSerialization                 = kafka.ErrValueSerialization
	ErrVoterNotFound                      = kafka.ErrVoterNotFound
	ErrWaitCache                          = kafka.ErrWaitCache
	ErrWaitCoord                          = kafka.ErrWaitCoord
	IsolationLevelReadCommitted           = kafka.IsolationLevelReadCommitted
	IsolationLevelReadUncommitted         = kafka.IsolationLevelReadUncommitted
	LatestOffsetSpec                      = kafka.LatestOffsetSpec
	LibrdkafkaLinkInfo                    = kafka.LibrdkafkaLinkInfo
	MaxTimestampOffsetSpec                = kafka.MaxTimestampOffsetSpec
	OffsetBeginning                       = kafka.OffsetBeginning
	OffsetEnd                             = kafka.OffsetEnd
	OffsetInvalid                         = kafka.OffsetInvalid
	OffsetStored                          = kafka.OffsetStored
	PartitionAny                          = kafka.PartitionAny
	PurgeInFlight                         = kafka.PurgeInFlight
	PurgeNonBlocking                      = kafka.PurgeNonBlocking
	PurgeQueue                            = kafka.PurgeQueue
	ResourceAny                           = kafka.ResourceAny
	ResourceBroker                        = kafka.ResourceBroker
	ResourceGroup                         = kafka.ResourceGroup
	ResourcePatternTypeAny                = kafka.ResourcePatternTypeAny
	ResourcePatternTypeLiteral            = kafka.ResourcePatternTypeLiteral
	ResourcePatternTypeMatch              = kafka.ResourcePatternTypeMatch
	ResourcePatternTypePrefixed           = kafka.ResourcePatternTypePrefixed
	ResourcePatternTypeUnknown            = kafka.ResourcePatternTypeUnknown
	ResourceTopic                         = kafka.ResourceTopic
	ResourceTransactionalID               = kafka.ResourceTransactionalID
	ResourceUnknown                       = kafka.ResourceUnknown
	ScramMechanismSHA256                  = kafka.ScramMechanismSHA256
	ScramMechanismSHA512                  = kafka.ScramMechanismSHA512
	ScramMechanismUnknown                 = kafka.ScramMechanismUnknown
	TimestampCreateTime                   = kafka.TimestampCreateTime
	TimestampLogAppendTime                = kafka.TimestampLogAppendTime
	TimestampNotAvailable                 = kafka.TimestampNotAvailable
)

// ACLBinding is an ACL: it allows or denies a principal an operation on resources.
type ACLBinding = kafka.ACLBinding

// ACLBindingFilter is an ACLBinding of which fields may be left open.
type ACLBindingFilter = kafka.ACLBindingFilter

// ACLBindingFilters are the filters of DeleteACLs.
type ACLBindingFilters = kafka.ACLBindingFilters

// ACLBindings sorts by all fields in the order that they have in the struct.
type ACLBindings = kafka.ACLBindings

// ACLOperation is what an ACL allows or denies.
type ACLOperation = kafka.ACLOperation

// ACLPermissionType says whether an ACL allows or denies.
type ACLPermissionType = kafka.ACLPermissionType

// AdminClient manages a cluster: topics, configurations, groups, offsets, ACLs and credentials.
type AdminClient = kafka.AdminClient

// AdminOption is any of the options below.
type AdminOption = kafka.AdminOption

// AdminOptionIncludeAuthorizedOperations is made by [SetAdminOptionIncludeAuthorizedOperations].
type AdminOptionIncludeAuthorizedOperations = kafka.AdminOptionIncludeAuthorizedOperations

// AdminOptionIsolationLevel is made by [SetAdminIsolationLevel].
type AdminOptionIsolationLevel = kafka.AdminOptionIsolationLevel

// AdminOptionMatchConsumerGroupStates is made by [SetAdminMatchConsumerGroupStates].
type AdminOptionMatchConsumerGroupStates = kafka.AdminOptionMatchConsumerGroupStates

// AdminOptionMatchConsumerGroupTypes is made by [SetAdminMatchConsumerGroupTypes].
type AdminOptionMatchConsumerGroupTypes = kafka.AdminOptionMatchConsumerGroupTypes

// AdminOptionOperationTimeout is made by [SetAdminOperationTimeout].
type AdminOptionOperationTimeout = kafka.AdminOptionOperationTimeout

// AdminOptionRequestTimeout is made by [SetAdminRequestTimeout].
type AdminOptionRequestTimeout = kafka.AdminOptionRequestTimeout

// AdminOptionRequireStableOffsets is made by [SetAdminRequireStableOffsets].
type AdminOptionRequireStableOffsets = kafka.AdminOptionRequireStableOffsets

// AdminOptionValidateOnly is made by [SetAdminValidateOnly].
type AdminOptionValidateOnly = kafka.AdminOptionValidateOnly

// AlterClientQuotasAdminOption is an option of AlterClientQuotas: [SetAdminRequestTimeout] or [SetAdminValidateOnly].
type AlterClientQuotasAdminOption = kafka.AlterClientQuotasAdminOption

// AlterConfigOpType is what IncrementalAlterConfigs does with an entry.
type AlterConfigOpType = kafka.AlterConfigOpType

// AlterConfigsAdminOption is an option of AlterConfigs and IncrementalAlterConfigs: [SetAdminRequestTimeout] or [SetAdminValidateOnly].
type AlterConfigsAdminOption = kafka.AlterConfigsAdminOption

// AlterConsumerGroupOffsetsAdminOption is an option of AlterConsumerGroupOffsets: [SetAdminRequestTimeout].
type AlterConsumerGroupOffsetsAdminOption = kafka.AlterConsumerGroupOffsetsAdminOption

// AlterConsumerGroupOffsetsResult is what AlterConsumerGroupOffsets returns: one element.
type AlterConsumerGroupOffsetsResult = kafka.AlterConsumerGroupOffsetsResult

// AlterOperation is what AlterConfigs does with an entry: it only sets.
type AlterOperation = kafka.AlterOperation

// AlterPartitionReassignmentsAdminOption is an option of AlterPartitionReassignments: [SetAdminOperationTimeout] or [SetAdminRequestTimeout].
type AlterPartitionReassignmentsAdminOption = kafka.AlterPartitionReassignmentsAdminOption

// AlterPartitionReassignmentsResult is what AlterPartitionReassignments returns, in the order of the request: the Error of every partition is an Error, of code ErrNoError where the reassignment has begun or is cancelled.
type AlterPartitionReassignmentsResult = kafka.AlterPartitionReassignmentsResult

// AlterUserScramCredentialsAdminOption is an option of AlterUserScramCredentials: [SetAdminRequestTimeout].
type AlterUserScramCredentialsAdminOption = kafka.AlterUserScramCredentialsAdminOption

// AlterUserScramCredentialsResult is what AlterUserScramCredentials returns, by user.
type AlterUserScramCredentialsResult = kafka.AlterUserScramCredentialsResult

// AssignedPartitions are the partitions that a rebalance gave to a consumer.
type AssignedPartitions = kafka.AssignedPartitions

// BrokerMetadata is one broker: its id and the address that it gives to clients.
type BrokerMetadata = kafka.BrokerMetadata

// BrokerPartitionStats names a partition that a broker leads.
type BrokerPartitionStats = kafka.BrokerPartitionStats

// BrokerStats are the figures of one broker.
type BrokerStats = kafka.BrokerStats

// ClientQuota are the limits of one entity, such as producer_byte_rate in bytes per second.
type ClientQuota = kafka.ClientQuota

// ClientQuotaAlteration changes the limits of one entity.
type ClientQuotaAlteration = kafka.ClientQuotaAlteration

// ClientQuotaEntity is a part of what a quota is for: a user, a client id or an address.
type ClientQuotaEntity = kafka.ClientQuotaEntity

// ClientQuotaFilter picks quotas: all components must fit.
type ClientQuotaFilter = kafka.ClientQuotaFilter

// ClientQuotaFilterComponent picks quotas by one type of entity.
type ClientQuotaFilterComponent = kafka.ClientQuotaFilterComponent

// ClientQuotaMatch says how a component of a filter is compared with entities.
type ClientQuotaMatch = kafka.ClientQuotaMatch

// ClientQuotaResult says what happened to one entity.
type ClientQuotaResult = kafka.ClientQuotaResult

// CommitPolicy says how often [ConsumeAtLeastOnce] commits: after so many messages, or after so much time since the first that is not committed, whichever comes first.
type CommitPolicy = kafka.CommitPolicy

// ConfigEntry is one entry to alter: Operation counts for AlterConfigs, IncrementalOperation for IncrementalAlterConfigs.
type ConfigEntry = kafka.ConfigEntry

// ConfigEntryResult is one entry of a configuration.
type ConfigEntryResult = kafka.ConfigEntryResult

// ConfigMap holds configuration properties by name: librdkafka's, and this package's own that begin with go.
type ConfigMap = kafka.ConfigMap

// ConfigResource names what has a configuration, a topic, a group or, by its id, a broker; and the entries to alter.
type ConfigResource = kafka.ConfigResource

// ConfigResourceResult is one resource with its configuration, by name: of DescribeConfigs; nil from calls that alter.
type ConfigResourceResult = kafka.ConfigResourceResult

// ConfigSource says where the value of a configuration entry comes from.
type ConfigSource = kafka.ConfigSource

// ConfigValue is a value of a ConfigMap: a string, a bool, an int or anything with a String method.
type ConfigValue = kafka.ConfigValue

// Consumer reads messages, as a member of a group (Subscribe) or from partitions of its own choice (Assign).
type Consumer = kafka.Consumer

// ConsumerGroupDescription is one group.
type ConsumerGroupDescription = kafka.ConsumerGroupDescription

// ConsumerGroupListing is one group as ListConsumerGroups gives it.
type ConsumerGroupListing = kafka.ConsumerGroupListing

// ConsumerGroupMetadata identifies a consumer's membership to [Producer.SendOffsetsToTransaction].
type ConsumerGroupMetadata = kafka.ConsumerGroupMetadata

// ConsumerGroupResult says what happened to one group.
type ConsumerGroupResult = kafka.ConsumerGroupResult

// ConsumerGroupState is where a group is in its life.
type ConsumerGroupState = kafka.ConsumerGroupState

// ConsumerGroupTopicPartitions are partitions of one group.
type ConsumerGroupTopicPartitions = kafka.ConsumerGroupTopicPartitions

// ConsumerGroupType is the protocol that a group's members speak.
type ConsumerGroupType = kafka.ConsumerGroupType

// CreateACLResult says what happened to one ACL.
type CreateACLResult = kafka.CreateACLResult

// CreateACLsAdminOption is an option of CreateACLs: [SetAdminRequestTimeout].
type CreateACLsAdminOption = kafka.CreateACLsAdminOption

// CreatePartitionsAdminOption is an option of CreatePartitions: [SetAdminOperationTimeout], [SetAdminRequestTimeout] or [SetAdminValidateOnly].
type CreatePartitionsAdminOption = kafka.CreatePartitionsAdminOption

// CreateTopicsAdminOption is an option of CreateTopics: [SetAdminOperationTimeout], [SetAdminRequestTimeout] or [SetAdminValidateOnly].
type CreateTopicsAdminOption = kafka.CreateTopicsAdminOption

// DeleteACLsAdminOption is an option of DeleteACLs: [SetAdminRequestTimeout].
type DeleteACLsAdminOption = kafka.DeleteACLsAdminOption

// DeleteACLsResult are the ACLs that fitted a filter and are deleted.
type DeleteACLsResult = kafka.DeleteACLsResult

// DeleteConsumerGroupsAdminOption is an option of DeleteConsumerGroups: [SetAdminRequestTimeout].
type DeleteConsumerGroupsAdminOption = kafka.DeleteConsumerGroupsAdminOption

// DeleteConsumerGroupsResult is what DeleteConsumerGroups returns, in the order of the request.
type DeleteConsumerGroupsResult = kafka.DeleteConsumerGroupsResult

// DeleteRecordsAdminOption is an option of DeleteRecords: [SetAdminOperationTimeout] or [SetAdminRequestTimeout].
type DeleteRecordsAdminOption = kafka.DeleteRecordsAdminOption

// DeleteRecordsResult is one partition of DeleteRecords.
type DeleteRecordsResult = kafka.DeleteRecordsResult

// DeleteRecordsResults is what DeleteRecords returns, sorted by topic and partition.
type DeleteRecordsResults = kafka.DeleteRecordsResults

// DeleteTopicsAdminOption is an option of DeleteTopics: [SetAdminOperationTimeout] or [SetAdminRequestTimeout].
type DeleteTopicsAdminOption = kafka.DeleteTopicsAdminOption

// DeletedRecords says where a partition begins after DeleteRecords.
type DeletedRecords = kafka.DeletedRecords

// DescribeACLsAdminOption is an option of DescribeACLs: [SetAdminRequestTimeout].
type DescribeACLsAdminOption = kafka.DescribeACLsAdminOption

// DescribeACLsResult are the ACLs that fit a filter.
type DescribeACLsResult = kafka.DescribeACLsResult

// DescribeClientQuotasAdminOption is an option of DescribeClientQuotas: [SetAdminRequestTimeout].
type DescribeClientQuotasAdminOption = kafka.DescribeClientQuotasAdminOption

// DescribeClientQuotasResult is what DescribeClientQuotas returns.
type DescribeClientQuotasResult = kafka.DescribeClientQuotasResult

// DescribeClusterAdminOption is an option of DescribeCluster: [SetAdminRequestTimeout] or [SetAdminOptionIncludeAuthorizedOperations].
type DescribeClusterAdminOption = kafka.DescribeClusterAdminOption

// DescribeClusterResult describes a cluster.
type DescribeClusterResult = kafka.DescribeClusterResult

// DescribeConfigsAdminOption is an option of DescribeConfigs: [SetAdminRequestTimeout].
type DescribeConfigsAdminOption = kafka.DescribeConfigsAdminOption

// DescribeConsumerGroupsAdminOption is an option of DescribeConsumerGroups: [SetAdminRequestTimeout] or [SetAdminOptionIncludeAuthorizedOperations].
type DescribeConsumerGroupsAdminOption = kafka.DescribeConsumerGroupsAdminOption

// DescribeConsumerGroupsResult is what DescribeConsumerGroups returns, in the order of the request.
type DescribeConsumerGroupsResult = kafka.DescribeConsumerGroupsResult

// DescribeLogDirsAdminOption is an option of DescribeLogDirs: [SetAdminRequestTimeout].
type DescribeLogDirsAdminOption = kafka.DescribeLogDirsAdminOption

// DescribeLogDirsResult is what DescribeLogDirs returns, sorted by broker and directory.
type DescribeLogDirsResult = kafka.DescribeLogDirsResult

// DescribeProducersAdminOption is an option of DescribeProducers: [SetAdminRequestTimeout].
type DescribeProducersAdminOption = kafka.DescribeProducersAdminOption

// DescribeProducersResult is what DescribeProducers returns, in the order of the request.
type DescribeProducersResult = kafka.DescribeProducersResult

// DescribeTopicsAdminOption is an option of DescribeTopics: [SetAdminRequestTimeout] or [SetAdminOptionIncludeAuthorizedOperations].
type DescribeTopicsAdminOption = kafka.DescribeTopicsAdminOption

// DescribeTopicsResult is what DescribeTopics returns, in the order of the request.
type DescribeTopicsResult = kafka.DescribeTopicsResult

// DescribeTransactionsAdminOption is an option of DescribeTransactions: [SetAdminRequestTimeout].
type DescribeTransactionsAdminOption = kafka.DescribeTransactionsAdminOption

// DescribeTransactionsResult is what DescribeTransactions returns, in the order of the request.
type DescribeTransactionsResult = kafka.DescribeTransactionsResult

// DescribeUserScramCredentialsAdminOption is an option of DescribeUserScramCredentials: [SetAdminRequestTimeout].
type DescribeUserScramCredentialsAdminOption = kafka.DescribeUserScramCredentialsAdminOption

// DescribeUserScramCredentialsResult is what DescribeUserScramCredentials returns, by user.
type DescribeUserScramCredentialsResult = kafka.DescribeUserScramCredentialsResult

// ElectLeadersAdminOption is an option of ElectLeaders: [SetAdminOperationTimeout] or [SetAdminRequestTimeout].
type ElectLeadersAdminOption = kafka.ElectLeadersAdminOption

// ElectLeadersRequest is made by [NewElectLeadersRequest].
type ElectLeadersRequest = kafka.ElectLeadersRequest

// ElectLeadersResult is what ElectLeaders returns, in the order of the request: the Error of every partition is an Error, of code ErrNoError where a leader was elected.
type ElectLeadersResult = kafka.ElectLeadersResult

// ElectionType says which replica may become leader.
type ElectionType = kafka.ElectionType

// Error is what all calls of this package return and what comes as an event: a code, a text, and what may be done about it.
type Error = kafka.Error

// ErrorCode is librdkafka's error number: negative for errors of the client itself, else the broker's.
type ErrorCode = kafka.ErrorCode

// Event is what Poll and the Events channels give: a *Message, an Error, a PartitionEOF, OffsetsCommitted, *Stats, OAuthBearerTokenRefresh, and on the Events channel of a consumer AssignedPartitions and RevokedPartitions.
type Event = kafka.Event

// ExactlyOnceStats are the state of an idempotent or transactional producer.
type ExactlyOnceStats = kafka.ExactlyOnceStats

// GroupStats are the state of a consumer's group membership.
type GroupStats = kafka.GroupStats

// Handle is what Producer, Consumer and AdminClient have in common.
type Handle = kafka.Handle

// Header is a key and a value beside a message.
type Header = kafka.Header

// IsolationLevel says whether offsets of transactions that are not finished count.
type IsolationLevel = kafka.IsolationLevel

// ListConsumerGroupOffsetsAdminOption is an option of ListConsumerGroupOffsets: [SetAdminRequestTimeout] or [SetAdminRequireStableOffsets].
type ListConsumerGroupOffsetsAdminOption = kafka.ListConsumerGroupOffsetsAdminOption

// ListConsumerGroupOffsetsResult is what ListConsumerGroupOffsets returns: one element.
type ListConsumerGroupOffsetsResult = kafka.ListConsumerGroupOffsetsResult

// ListConsumerGroupsAdminOption is an option of ListConsumerGroups: [SetAdminRequestTimeout], [SetAdminMatchConsumerGroupStates] or [SetAdminMatchConsumerGroupTypes].
type ListConsumerGroupsAdminOption = kafka.ListConsumerGroupsAdminOption

// ListConsumerGroupsResult is what ListConsumerGroups returns: the groups sorted by GroupID, and the errors of brokers that could not be asked, nil where there are none.
type ListConsumerGroupsResult = kafka.ListConsumerGroupsResult

// ListOffsetsAdminOption is an option of ListOffsets: [SetAdminRequestTimeout] or [SetAdminIsolationLevel].
type ListOffsetsAdminOption = kafka.ListOffsetsAdminOption

// ListOffsetsResult is what ListOffsets returns.
type ListOffsetsResult = kafka.ListOffsetsResult

// ListOffsetsResultInfo is what was found for one partition.
type ListOffsetsResultInfo = kafka.ListOffsetsResultInfo

// ListPartitionReassignmentsAdminOption is an option of ListPartitionReassignments: [SetAdminOperationTimeout] or [SetAdminRequestTimeout].
type ListPartitionReassignmentsAdminOption = kafka.ListPartitionReassignmentsAdminOption

// ListPartitionReassignmentsResult is what ListPartitionReassignments returns, sorted by topic and partition.
type ListPartitionReassignmentsResult = kafka.ListPartitionReassignmentsResult

// ListTransactionsAdminOption is an option of ListTransactions: [SetAdminRequestTimeout].
type ListTransactionsAdminOption = kafka.ListTransactionsAdminOption

// ListTransactionsResult is what ListTransactions returns: what the filter picks, sorted by TransactionalID, and the errors of brokers that could not be asked, nil where there are none.
type ListTransactionsResult = kafka.ListTransactionsResult

// LogDirDescription is one directory in which a broker keeps messages.
type LogDirDescription = kafka.LogDirDescription

// LogDirReplica is a replica in a log directory.
type LogDirReplica = kafka.LogDirReplica

// LogEvent is one line of a client's log.
type LogEvent = kafka.LogEvent

// MemberAssignment are the partitions of one member.
type MemberAssignment = kafka.MemberAssignment

// MemberDescription is one member of a group.
type MemberDescription = kafka.MemberDescription

// Message is what a producer sends, what a delivery report brings back and what a consumer receives.
type Message = kafka.Message

// Metadata is what a broker knows of the cluster: its brokers and topics.
type Metadata = kafka.Metadata

// MockCluster is a Kafka cluster in the memory of this process, for tests: no Java, no container, no network but loopback.
type MockCluster = kafka.MockCluster

// Node is a broker, as the descriptions name it.
type Node = kafka.Node

// OAuthBearerToken is a token for SASL/OAUTHBEARER.
type OAuthBearerToken = kafka.OAuthBearerToken

// OAuthBearerTokenRefresh asks the application for a token: it answers with SetOAuthBearerToken or SetOAuthBearerTokenFailure.
type OAuthBearerTokenRefresh = kafka.OAuthBearerTokenRefresh

// Offset is the position of a message in a partition, or one of the logical offsets below.
type Offset = kafka.Offset

// OffsetSpec says which offset ListOffsets is to find: one of the constants, or a time in milliseconds.
type OffsetSpec = kafka.OffsetSpec

// OffsetsCommitted is the result of a commit that no call waited for: an automatic one or a CommitAsync.
type OffsetsCommitted = kafka.OffsetsCommitted

// OngoingReassignment is a partition that is being moved, with broker ids.
type OngoingReassignment = kafka.OngoingReassignment

// PartitionEOF says that a consumer reached the end of a partition: Offset is where the next message will be, Error an Error of code ErrPartitionEOF.
type PartitionEOF = kafka.PartitionEOF

// PartitionMetadata is one partition: the broker ids of its leader (-1: none), its replicas and those in sync.
type PartitionMetadata = kafka.PartitionMetadata

// PartitionProducers are the producers of one partition.
type PartitionProducers = kafka.PartitionProducers

// PartitionReassignment moves a partition to other brokers.
type PartitionReassignment = kafka.PartitionReassignment

// PartitionStats are the figures of one partition.
type PartitionStats = kafka.PartitionStats

// PartitionsSpecification says how many partitions a topic is to have.
type PartitionsSpecification = kafka.PartitionsSpecification

// Producer sends messages.
type Producer = kafka.Producer

// ProducerState is what a partition knows of an idempotent or transactional producer.
type ProducerState = kafka.ProducerState

// RebalanceCb is called by Poll, ReadMessage and Close, on their goroutine, with AssignedPartitions or RevokedPartitions.
type RebalanceCb = kafka.RebalanceCb

// ResourcePatternType says how the name of an ACL is compared with names of resources.
type ResourcePatternType = kafka.ResourcePatternType

// ResourceType says what a configuration, an ACL or a description is about.
type ResourceType = kafka.ResourceType

// RevokedPartitions are the partitions that a rebalance takes from a consumer.
type RevokedPartitions = kafka.RevokedPartitions

// ScramCredentialInfo is what brokers tell of a credential.
type ScramCredentialInfo = kafka.ScramCredentialInfo

// ScramMechanism is a SASL/SCRAM mechanism.
type ScramMechanism = kafka.ScramMechanism

// Statistics are the figures of a client, in librdkafka's names and units: times in microseconds unless said otherwise, ages too.
type Statistics = kafka.Statistics

// Stats are the statistics that statistics.interval.ms asks for.
type Stats = kafka.Stats

// TimestampType says what the timestamp of a message means.
type TimestampType = kafka.TimestampType

// TopicCollection names the topics that DescribeTopics is to describe.
type TopicCollection = kafka.TopicCollection

// TopicDescription is one topic.
type TopicDescription = kafka.TopicDescription

// TopicMetadata is one topic with its partitions.
type TopicMetadata = kafka.TopicMetadata

// TopicPartition names a partition and, as the call that it is used in needs it, an offset, what is committed with it, and the partition's own error.
type TopicPartition = kafka.TopicPartition

// TopicPartitionInfo is one partition of a topic.
type TopicPartitionInfo = kafka.TopicPartitionInfo

// TopicPartitions sorts by topic and partition.
type TopicPartitions = kafka.TopicPartitions

// TopicResult says what happened to one topic.
type TopicResult = kafka.TopicResult

// TopicSpecification is a topic to be made.
type TopicSpecification = kafka.TopicSpecification

// TopicStats are the figures of one topic.
type TopicStats = kafka.TopicStats

// TransactionDescription is one transactional id.
type TransactionDescription = kafka.TransactionDescription

// TransactionFilter picks transactions: those in one of the states, such as "Ongoing", and of one of the producers.
type TransactionFilter = kafka.TransactionFilter

// TransactionListing is one transactional id.
type TransactionListing = kafka.TransactionListing

// UUID is Kafka's unique id, of topics for one.
type UUID = kafka.UUID

// UserScramCredentialDeletion deletes a credential.
type UserScramCredentialDeletion = kafka.UserScramCredentialDeletion

// UserScramCredentialUpsertion sets a credential.
type UserScramCredentialUpsertion = kafka.UserScramCredentialUpsertion

// UserScramCredentialsDescription are the credentials of one user.
type UserScramCredentialsDescription = kafka.UserScramCredentialsDescription

// WindowStats summarize what was measured since the last statistics.
type WindowStats = kafka.WindowStats

// ACLOperationFromString returns the operation of this name in any case; ErrInvalidArg for any other, also "UNKNOWN".
func ACLOperationFromString(aclOperationString string) (ACLOperation, error) {
	return kafka.ACLOperationFromString(aclOperationString)
}

// ACLPermissionTypeFromString returns the type of this name in any case; ErrInvalidArg for any other, also "UNKNOWN".
func ACLPermissionTypeFromString(aclPermissionTypeString string) (ACLPermissionType, error) {
	return kafka.ACLPermissionTypeFromString(aclPermissionTypeString)
}

// ConsumeAtLeastOnce hands every message to handle and commits behind it, as policy says: a message is committed only after it was handled, so none is lost, and after a crash those since the last commit are handled again.
func ConsumeAtLeastOnce(ctx context.Context, c *Consumer, policy CommitPolicy, handle func(*Message) error) (err error) {
	return kafka.ConsumeAtLeastOnce(ctx, c, policy, handle)
}

// ConsumeAtMostOnce reads up to batch messages, commits behind them, and only when that succeeded hands them to handle: a message is never handed out twice, and after a crash those of the batch in hand are lost.
func ConsumeAtMostOnce(ctx context.Context, c *Consumer, batch int, handle func([]*Message) error) error {
	return kafka.ConsumeAtMostOnce(ctx, c, batch, handle)
}

// ConsumeExactlyOnce reads messages in batches, hands each batch to handle, and produces what that returns, all in one transaction with the offsets behind the batch: for those who read with isolation.level=read_committed a message has its effect once, whatever fails.
func ConsumeExactlyOnce(ctx context.Context, c *Consumer, p *Producer, handle func([]*Message) ([]*Message, error)) error {
	return kafka.ConsumeExactlyOnce(ctx, c, p, handle)
}

// ConsumerGroupStateFromString returns the state of this name in any case, ConsumerGroupStateUnknown for any other.
func ConsumerGroupStateFromString(stateString string) (ConsumerGroupState, error) {
	return kafka.ConsumerGroupStateFromString(stateString)
}

// ConsumerGroupTypeFromString returns the type of this name in any case, ConsumerGroupTypeUnknown for any other.
func ConsumerGroupTypeFromString(typeString string) ConsumerGroupType {
	return kafka.ConsumerGroupTypeFromString(typeString)
}

// ElectionTypeFromString returns the type of this name in any case, ErrInvalidArg for any other.
func ElectionTypeFromString(electionTypeString string) (ElectionType, error) {
	return kafka.ElectionTypeFromString(electionTypeString)
}

// LibraryVersion returns the version of librdkafka whose behaviour this package follows: 0xMMmmrrpp and as text.
func LibraryVersion() (int, string) { return kafka.LibraryVersion() }

// NewAdminClient makes an admin client with connections of its own.
func NewAdminClient(conf *ConfigMap) (*AdminClient, error) { return kafka.NewAdminClient(conf) }

// NewAdminClientFromConsumer makes an admin client that uses a consumer's connections.
func NewAdminClientFromConsumer(c *Consumer) (a *AdminClient, err error) {
	return kafka.NewAdminClientFromConsumer(c)
}

// NewAdminClientFromProducer makes an admin client that uses a producer's connections.
func NewAdminClientFromProducer(p *Producer) (a *AdminClient, err error) {
	return kafka.NewAdminClientFromProducer(p)
}

// NewConsumer makes a consumer; group.id is required.
func NewConsumer(conf *ConfigMap) (*Consumer, error) { return kafka.NewConsumer(conf) }

// NewElectLeadersRequest asks for the election of the partitions' leaders; nil means of all partitions.
func NewElectLeadersRequest(electionType ElectionType, partitions []TopicPartition) ElectLeadersRequest {
	return kafka.NewElectLeadersRequest(electionType, partitions)
}

// NewError makes an Error.
func NewError(code ErrorCode, str string, fatal bool) (err Error) {
	return kafka.NewError(code, str, fatal)
}

// NewMockCluster starts a cluster of so many brokers on free ports of 127.0.0.1, with the ids 1 to brokerCount.
func NewMockCluster(brokerCount int) (*MockCluster, error) { return kafka.NewMockCluster(brokerCount) }

// NewOffset makes an offset of an int, an int64, an Offset, or a string that is a number or one of beginning, earliest, end, latest, unset, invalid and stored.
func NewOffset(offset interface{}) (Offset, error) { return kafka.NewOffset(offset) }

// NewOffsetSpecForTimestamp finds the first message whose timestamp, in milliseconds, is at or after this one.
func NewOffsetSpecForTimestamp(timestamp int64) OffsetSpec {
	return kafka.NewOffsetSpecForTimestamp(timestamp)
}

// NewProducer makes a producer.
func NewProducer(conf *ConfigMap) (*Producer, error) { return kafka.NewProducer(conf) }

// NewTestConsumerGroupMetadata makes the metadata of a group without a member, for tests.
func NewTestConsumerGroupMetadata(groupID string) (*ConsumerGroupMetadata, error) {
	return kafka.NewTestConsumerGroupMetadata(groupID)
}

// NewTopicCollectionOfTopicNames makes a collection of topics by their names.
func NewTopicCollectionOfTopicNames(names []string) TopicCollection {
	return kafka.NewTopicCollectionOfTopicNames(names)
}

// OffsetTail is the offset relativeOffset messages before the end of the partition.
func OffsetTail(relativeOffset Offset) Offset { return kafka.OffsetTail(relativeOffset) }

// ResourcePatternTypeFromString returns the type of this name in any case; ErrInvalidArg for any other, also "UNKNOWN".
func ResourcePatternTypeFromString(patternTypeString string) (ResourcePatternType, error) {
	return kafka.ResourcePatternTypeFromString(patternTypeString)
}

// ResourceTypeFromString returns the type of this name in any case; ErrInvalidArg for any other, also "UNKNOWN".
func ResourceTypeFromString(typeString string) (ResourceType, error) {
	return kafka.ResourceTypeFromString(typeString)
}

// ScramMechanismFromString returns the mechanism of this name in any case; ErrInvalidArg for any other.
func ScramMechanismFromString(mechanism string) (ScramMechanism, error) {
	return kafka.ScramMechanismFromString(mechanism)
}

// SetAdminIsolationLevel says which end of a partition ListOffsets gives: with IsolationLevelReadCommitted the last stable offset.
func SetAdminIsolationLevel(isolationLevel IsolationLevel) (ao AdminOptionIsolationLevel) {
	return kafka.SetAdminIsolationLevel(isolationLevel)
}

// SetAdminMatchConsumerGroupStates makes ListConsumerGroups list only groups in one of these states.
func SetAdminMatchConsumerGroupStates(val []ConsumerGroupState) (ao AdminOptionMatchConsumerGroupStates) {
	return kafka.SetAdminMatchConsumerGroupStates(val)
}

// SetAdminMatchConsumerGroupTypes makes ListConsumerGroups list only groups of one of these types.
func SetAdminMatchConsumerGroupTypes(val []ConsumerGroupType) (ao AdminOptionMatchConsumerGroupTypes) {
	return kafka.SetAdminMatchConsumerGroupTypes(val)
}

// SetAdminOperationTimeout says how long the broker may take to carry the operation out, such as to bring a topic into being on all brokers: in milliseconds up to an hour, 0 to return when it is under way, -1 for the broker's default.
func SetAdminOperationTimeout(t time.Duration) (ao AdminOptionOperationTimeout) {
	return kafka.SetAdminOperationTimeout(t)
}

// SetAdminOptionIncludeAuthorizedOperations makes a description say what the client's principal may do.
func SetAdminOptionIncludeAuthorizedOperations(val bool) (ao AdminOptionIncludeAuthorizedOperations) {
	return kafka.SetAdminOptionIncludeAuthorizedOperations(val)
}

// SetAdminRequestTimeout bounds how long the call as a whole may take, in milliseconds from 0 to an hour.
func SetAdminRequestTimeout(t time.Duration) (ao AdminOptionRequestTimeout) {
	return kafka.SetAdminRequestTimeout(t)
}

// SetAdminRequireStableOffsets makes ListConsumerGroupOffsets fail partitions whose offset a transaction that is not finished is about to change, with ErrUnstableOffsetCommit.
func SetAdminRequireStableOffsets(val bool) (ao AdminOptionRequireStableOffsets) {
	return kafka.SetAdminRequireStableOffsets(val)
}

// SetAdminValidateOnly makes the broker check the request without carrying it out.
func SetAdminValidateOnly(validateOnly bool) (ao AdminOptionValidateOnly) {
	return kafka.SetAdminValidateOnly(validateOnly)
}

// StringMapToConfigEntries makes entries for AlterConfigs, sorted by name.
func StringMapToConfigEntries(stringMap map[string]string, operation AlterOperation) []ConfigEntry {
	return kafka.StringMapToConfigEntries(stringMap, operation)
}

// StringMapToIncrementalConfigEntries makes entries for IncrementalAlterConfigs, sorted by name.
func StringMapToIncrementalConfigEntries(stringMap map[string]string, operationMap map[string]AlterConfigOpType) []ConfigEntry {
	return kafka.StringMapToIncrementalConfigEntries(stringMap, operationMap)
}

// WriteErrorCodes writes the Go source of the error codes to f, in the form of this package's own generated file.
func WriteErrorCodes(f *os.File) { kafka.WriteErrorCodes(f) }
