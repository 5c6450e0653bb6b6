package wire

// Facts is what a server says about an entry beside its content: what the user
// who asks may do with it. The zero Facts allows nothing.
type Facts struct {
	Modify       bool
	ViewContents bool
	ViewPassword bool
	ViewOTP      bool
	ModifyOTP    bool

	// For which actions the server asks for a comment.
	CommentViewPassword bool
	CommentViewOffline  bool
	CommentModify       bool
	CommentMove         bool

	// Offline says whether a cache made now would hold the entry; nil where
	// the server did not work it out. OfflineReason is one of the reasons of a
	// DryRunEntry.
	Offline       *bool
	OfflineReason string

	// AttachmentSizes are the sizes in bytes of the entry's attachments, in
	// their order, where the bytes themselves are not there.
	AttachmentSizes []int64
}
