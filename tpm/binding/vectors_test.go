package binding_test

// vectors are printed in ../FORMAT.md, section 6.2: key RFC 6979 A.2.5, device
// d0…, cache ca…, generation 7, bounds 86400000 ms and 60 resets, index Names
// 000bc1…, 000bf1…, 000bf2…; indices at 01800700, 01800701 and 01800702, permits
// for nonce 5a… and a limit of 10.
var vectors = map[string]string{
	"approved.A":             "d11556ce24962142daad9f4dcbda084fcd2683336fd57401c266c8152370df99",
	"approved.B":             "92eedd7ad90e5b05959034f12511f96349c50fa7281d3ca1ce4926072c06b5c2",
	"auth_policy.A":          "a27138a6010aaf3560518024e670a45f8a8e46d38c3e66d580c9b769edded440",
	"auth_policy.A.budget":   "db53200556520e18e066610a88b6db36a553727d5c33e91f196aa072feb6ab65",
	"auth_policy.B":          "284e29dcb4f33ea1cd1833c765701bceae4b1796603ddc0c7a51c932a246823f",
	"auth_policy.ungoverned": "cfc49bdbcdb95f4bb46dd5ee9422b973ae3266e1fc22eb8ff0344fa31da3796f",
	"counter.name":           "000bbb81b21d0c30139957bbe94d71c044b4a04cf72131b91beaba5a7d3df19f44b9",
	"counter.public":         "01800700000b2204001400000008",
	"key.name":               "000b7d213059ba8cd6c4a992c62ba5796e32c4085fded5290ffce2a5614e8a8d3bf7",
	"key.public":             "0023000b0004004000000010001000030010002060fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb600207903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299",
	"lease_ref":              "7e5ca52b2a3a7166d1f965c625994e3e9683cfed58a168483408d75b84455f42",
	"permit.rekey.message":   "8fb942b02be381f7c70c6c51c0954e0acd900b975eda6bf13c063ed9fc4ea655",
	"permit.write.cphash":    "c387e6435ced0b2ecfea9f45415fcfda9739edbe4618b1cb9279b324c2546851",
	"permit.write.message":   "926710e06725ed19c2c50988ba01aef3856988b683947969c0a8a109b988340b",
	"pin_fail.name":          "000b10d8c85476670fa6758447bb5384993ca0639cd58e78db9510320180148d1a26",
	"pin_fail.public":        "01800701000b020200880020c17f419fdd7c62a4c7580f289d90a20a5edf71f75f5a334b24379202d4a127870008",
	"pin_pass.name":          "000bd39237fe7d0d32062efc48d387e98debcf2a12cb84ad2c0021ef491b792aa835",
	"pin_pass.public":        "01800702000b020800980020d541bd9e8dfe192c44307ede869868b26a8c8d797c2c8e13f738262b52ff71e40008",
	"use_ref":                "4211ea35df2ff0ace86209cce9576108d735c7567919ef9bd7ab9648ef0c70b0",
}
