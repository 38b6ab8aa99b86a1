// Serves the bucket "images" of a miniflare until it is ended. Arguments: access key ID, secret access key. Its one line
// of output is the address.
const { Miniflare } = require("miniflare");

const [accessKeyId, secretAccessKey] = process.argv.slice(2);
const server = new Miniflare({
	modules: true,
	script: 'export default { fetch() { return new Response("ok") } }',
	host: "127.0.0.1",
	port: 0,
	cf: false, // it would ask the network where it is
	compatibilityDate: "2026-01-01",
	r2Persist: false,
	r2Buckets: { BUCKET: { id: "images", s3Credentials: { accessKeyId, secretAccessKey } } },
});
process.on("SIGTERM", () => server.dispose().finally(() => process.exit(0)));
server.ready.then((url) => console.log(url.origin));
