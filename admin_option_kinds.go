package kafka

// Which option fits which call. The marker methods make the compiler refuse the others.

type (
	// CreateTopicsAdminOption is an option of CreateTopics: [SetAdminOperationTimeout], [SetAdminRequestTimeout] or
	// [SetAdminValidateOnly].
	CreateTopicsAdminOption interface {
		AdminOption
		supportsCreateTopics()
	}
	// DeleteTopicsAdminOption is an option of DeleteTopics: [SetAdminOperationTimeout] or [SetAdminRequestTimeout].
	DeleteTopicsAdminOption interface {
		AdminOption
		supportsDeleteTopics()
	}
	// CreatePartitionsAdminOption is an option of CreatePartitions: [SetAdminOperationTimeout],
	// [SetAdminRequestTimeout] or [SetAdminValidateOnly].
	CreatePartitionsAdminOption interface {
		AdminOption
		supportsCreatePartitions()
	}
	// AlterConfigsAdminOption is an option of AlterConfigs and IncrementalAlterConfigs: [SetAdminRequestTimeout] or
	// [SetAdminValidateOnly].
	AlterConfigsAdminOption interface {
		AdminOption
		supportsAlterConfigs()
	}
	// DescribeConfigsAdminOption is an option of DescribeConfigs: [SetAdminRequestTimeout].
	DescribeConfigsAdminOption interface {
		AdminOption
		supportsDescribeConfigs()
	}
	// CreateACLsAdminOption is an option of CreateACLs: [SetAdminRequestTimeout].
	CreateACLsAdminOption interface {
		AdminOption
		supportsCreateACLs()
	}
	// DescribeACLsAdminOption is an option of DescribeACLs: [SetAdminRequestTimeout].
	DescribeACLsAdminOption interface {
		AdminOption
		supportsDescribeACLs()
	}
	// DeleteACLsAdminOption is an option of DeleteACLs: [SetAdminRequestTimeout].
	DeleteACLsAdminOption interface {
		AdminOption
		supportsDeleteACLs()
	}
	// ListConsumerGroupsAdminOption is an option of ListConsumerGroups: [SetAdminRequestTimeout],
	// [SetAdminMatchConsumerGroupStates] or [SetAdminMatchConsumerGroupTypes].
	ListConsumerGroupsAdminOption interface {
		AdminOption
		supportsListConsumerGroups()
	}
	// DescribeConsumerGroupsAdminOption is an option of DescribeConsumerGroups: [SetAdminRequestTimeout] or
	// [SetAdminOptionIncludeAuthorizedOperations].
	DescribeConsumerGroupsAdminOption interface {
		AdminOption
		supportsDescribeConsumerGroups()
	}
	// DescribeTopicsAdminOption is an option of DescribeTopics: [SetAdminRequestTimeout] or
	// [SetAdminOptionIncludeAuthorizedOperations].
	DescribeTopicsAdminOption interface {
		AdminOption
		supportsDescribeTopics()
	}
	// DescribeClusterAdminOption is an option of DescribeCluster: [SetAdminRequestTimeout] or
	// [SetAdminOptionIncludeAuthorizedOperations].
	DescribeClusterAdminOption interface {
		AdminOption
		supportsDescribeCluster()
	}
	// DeleteConsumerGroupsAdminOption is an option of DeleteConsumerGroups: [SetAdminRequestTimeout].
	DeleteConsumerGroupsAdminOption interface {
		AdminOption
		supportsDeleteConsumerGroups()
	}
	// ListConsumerGroupOffsetsAdminOption is an option of ListConsumerGroupOffsets: [SetAdminRequestTimeout] or
	// [SetAdminRequireStableOffsets].
	ListConsumerGroupOffsetsAdminOption interface {
		AdminOption
		supportsListConsumerGroupOffsets()
	}
	// AlterConsumerGroupOffsetsAdminOption is an option of AlterConsumerGroupOffsets: [SetAdminRequestTimeout].
	AlterConsumerGroupOffsetsAdminOption interface {
		AdminOption
		supportsAlterConsumerGroupOffsets()
	}
	// DescribeUserScramCredentialsAdminOption is an option of DescribeUserScramCredentials: [SetAdminRequestTimeout].
	DescribeUserScramCredentialsAdminOption interface {
		AdminOption
		supportsDescribeUserScramCredentials()
	}
	// AlterUserScramCredentialsAdminOption is an option of AlterUserScramCredentials: [SetAdminRequestTimeout].
	AlterUserScramCredentialsAdminOption interface {
		AdminOption
		supportsAlterUserScramCredentials()
	}
	// ListOffsetsAdminOption is an option of ListOffsets: [SetAdminRequestTimeout] or [SetAdminIsolationLevel].
	ListOffsetsAdminOption interface {
		AdminOption
		supportsListOffsets()
	}
	// DeleteRecordsAdminOption is an option of DeleteRecords: [SetAdminOperationTimeout] or [SetAdminRequestTimeout].
	DeleteRecordsAdminOption interface {
		AdminOption
		supportsDeleteRecords()
	}
	// ElectLeadersAdminOption is an option of ElectLeaders: [SetAdminOperationTimeout] or [SetAdminRequestTimeout].
	ElectLeadersAdminOption interface {
		AdminOption
		supportsElectLeaders()
	}
)

func (AdminOptionOperationTimeout) supportsCreateTopics()     {}
func (AdminOptionOperationTimeout) supportsDeleteTopics()     {}
func (AdminOptionOperationTimeout) supportsCreatePartitions() {}
func (AdminOptionOperationTimeout) supportsDeleteRecords()    {}
func (AdminOptionOperationTimeout) supportsElectLeaders()     {}

func (AdminOptionRequestTimeout) supportsCreateTopics()                 {}
func (AdminOptionRequestTimeout) supportsDeleteTopics()                 {}
func (AdminOptionRequestTimeout) supportsCreatePartitions()             {}
func (AdminOptionRequestTimeout) supportsAlterConfigs()                 {}
func (AdminOptionRequestTimeout) supportsDescribeConfigs()              {}
func (AdminOptionRequestTimeout) supportsCreateACLs()                   {}
func (AdminOptionRequestTimeout) supportsDescribeACLs()                 {}
func (AdminOptionRequestTimeout) supportsDeleteACLs()                   {}
func (AdminOptionRequestTimeout) supportsListConsumerGroups()           {}
func (AdminOptionRequestTimeout) supportsDescribeConsumerGroups()       {}
func (AdminOptionRequestTimeout) supportsDescribeTopics()               {}
func (AdminOptionRequestTimeout) supportsDescribeCluster()              {}
func (AdminOptionRequestTimeout) supportsDeleteConsumerGroups()         {}
func (AdminOptionRequestTimeout) supportsListConsumerGroupOffsets()     {}
func (AdminOptionRequestTimeout) supportsAlterConsumerGroupOffsets()    {}
func (AdminOptionRequestTimeout) supportsDescribeUserScramCredentials() {}
func (AdminOptionRequestTimeout) supportsAlterUserScramCredentials()    {}
func (AdminOptionRequestTimeout) supportsListOffsets()                  {}
func (AdminOptionRequestTimeout) supportsDeleteRecords()                {}
func (AdminOptionRequestTimeout) supportsElectLeaders()                 {}

func (AdminOptionValidateOnly) supportsCreateTopics()     {}
func (AdminOptionValidateOnly) supportsCreatePartitions() {}
func (AdminOptionValidateOnly) supportsAlterConfigs()     {}

func (AdminOptionMatchConsumerGroupStates) supportsListConsumerGroups() {}

func (AdminOptionMatchConsumerGroupTypes) supportsListConsumerGroups() {}

func (AdminOptionIncludeAuthorizedOperations) supportsDescribeConsumerGroups() {}
func (AdminOptionIncludeAuthorizedOperations) supportsDescribeTopics()         {}
func (AdminOptionIncludeAuthorizedOperations) supportsDescribeCluster()        {}

func (AdminOptionRequireStableOffsets) supportsListConsumerGroupOffsets() {}

func (AdminOptionIsolationLevel) supportsListOffsets() {}
