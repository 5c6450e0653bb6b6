// The referee from KeePass 2: opens a file with KeePass's own code, prints what
// is in it, and saves it again if a second name is given.
//   mcs -r:KeePass.exe -out:referee.exe keepass.cs
//   mono referee.exe FILE PASSWORD KEYFILE|- [COPY]
// Lines are made as lines_test.go makes them; texts are base64 of UTF-8.
using System;
using System.IO;
using System.Security.Cryptography;
using System.Text;
using KeePassLib;
using KeePassLib.Keys;
using KeePassLib.Serialization;

static class Referee
{
	static string B(string s) { return Convert.ToBase64String(Encoding.UTF8.GetBytes(s)); }

	static string T(DateTime t) { return t.ToUniversalTime().ToString("yyyy-MM-ddTHH:mm:ssZ"); }

	static string Hash(byte[] b)
	{
		using (var h = SHA256.Create()) return BitConverter.ToString(h.ComputeHash(b)).Replace("-", "").ToLowerInvariant();
	}

	static void Entry(string where, PwEntry e)
	{
		string at = where + " entry " + e.Uuid.ToHexString().ToLowerInvariant();
		Console.WriteLine(at + " icon " + (uint)e.IconId + " " + e.CustomIconUuid.ToHexString().ToLowerInvariant());
		Console.WriteLine(at + " times " + T(e.CreationTime) + " " + T(e.LastModificationTime) + " " + T(e.ExpiryTime) + " " + (e.Expires ? "expires" : "stays"));
		foreach (var s in e.Strings)
			Console.WriteLine(at + " field " + B(s.Key) + " " + (s.Value.IsProtected ? "protected" : "plain") + " " + B(s.Value.ReadString()));
		foreach (var b in e.Binaries)
			Console.WriteLine(at + " attachment " + B(b.Key) + " " + Hash(b.Value.ReadData()));
		foreach (var t in e.Tags)
			Console.WriteLine(at + " tag " + B(t));
		foreach (var d in e.CustomData)
			Console.WriteLine(at + " data " + B(d.Key) + " " + B(d.Value));
		foreach (var a in e.AutoType.Associations)
			Console.WriteLine(at + " association " + B(a.WindowName) + " " + B(a.Sequence));
		uint n = 0;
		foreach (var h in e.History) Entry(at + " history " + n++, h);
	}

	static void Group(string path, PwGroup g)
	{
		string at = "/" + path;
		Console.WriteLine(at + " group " + g.Uuid.ToHexString().ToLowerInvariant() + " " + B(g.Notes) + " icon " + (uint)g.IconId);
		foreach (var d in g.CustomData)
			Console.WriteLine(at + " data " + B(d.Key) + " " + B(d.Value));
		foreach (var e in g.Entries) Entry(at, e);
		foreach (var s in g.Groups) Group(path + B(s.Name) + "/", s);
	}

	static int Main(string[] a)
	{
		try
		{
			var key = new CompositeKey();
			key.AddUserKey(new KcpPassword(a[1]));
			if (a[2] != "-") key.AddUserKey(new KcpKeyFile(a[2]));
			var db = new PwDatabase();
			db.Open(IOConnectionInfo.FromPath(a[0]), key, null);
			Group("", db.RootGroup);
			Console.WriteLine("meta name " + B(db.Name) + " deleted " + db.DeletedObjects.UCount + " icons " + db.CustomIcons.Count);
			if (a.Length > 3) db.SaveAs(IOConnectionInfo.FromPath(a[3]), false, null);
			db.Close();
			return 0;
		}
		catch (Exception e)
		{
			Console.Error.WriteLine(e.GetType().Name + ": " + e.Message);
			return 1;
		}
	}
}
