package letter

// The wording of the platform's letter; it is a document of the platform, so that
// it is the same wherever it is printed. The company's name stands between the
// two parts of the opening.
const (
	openingBefore = "我单位"
	openingAfter  = "已在杭州尚尚签网络科技有限公司运营并维护的上上签电子签约云平台（以下简称“上上签”）上开通企业服务。" +
		"因业务需要，现需增加子管理员（账号），授权其代替我司行使电子签约服务的部分权限，被授权人信息和申请的权限范围如下："
	validity = "此授权书有效期为：自本授权书签字盖章之日起至如下任何一种情况之一发生时止："
)

// ends are what ends the authorization (R12.37).
var ends = []string{
	"一、授权单位主动提出终止上上签企业服务；",
	"二、企业与上上签的服务合同（协议）终止；",
	"三、授权单位（自行或被第三方）申请破产、重整或清算；",
	"四、授权单位书面撤销或终止授权。",
}

var promises = []string{
	"我单位保证以上情况均会以书面形式向上上签发出通知，保证会采取一切可靠措施妥善保管好账户、密码等信息，并按照国家有关法律法规合法使用。",
	"我单位保证此授权书中所有信息真实有效，并同意上上签通过相关渠道查询、辨别身份信息真伪，如有不实，愿承担由此带来的所有法律责任，若因此给上上签造成损失的，我单位承担相应赔偿责任。" +
		"被授权人在上述授权范围内所进行的相应操作或行为均代表我单位的行为，我单位承担由此产生的相应法律责任、后果等。",
}
