# Judge the cases on standard input with the functions of docs/verify.md, and print what they say.
require "json"
load ARGV.fetch(0)

verdicts = JSON.parse($stdin.read).map do |one|
  Webhooks.public_send(:"verify_#{one["scheme"]}", one["keys"], one["given"], one["body"].unpack1("m"))
end
puts JSON.generate(verdicts)
