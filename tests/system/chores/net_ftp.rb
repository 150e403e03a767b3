# SPDX-License-Identifier: GPL-3.0-or-later
# Does a chore with Ruby's net/ftp; called as net_ftp.pl is.

require "net/ftp"

host, user, directory, chore, *names = ARGV
password = $stdin.read

# the dialogue goes where others print
answers, $stdout = $stdout, $stderr

class Net::FTP
  def get_tree(name)
    Dir.mkdir(name)
    mlsd(name).each do |entry|
      path = "#{name}/#{entry.pathname}"
      case entry.type
      when "dir" then get_tree(path)
      when "file" then getbinaryfile(path, path)
      end
    end
  end

  def put_tree(name)
    return putbinaryfile(name, name) unless File.directory?(name)
    mkdir(name)
    Dir.children(name).each { |child| put_tree("#{name}/#{child}") }
  end

  def remove_tree(name)
    mlsd(name).each do |entry|
      path = "#{name}/#{entry.pathname}"
      case entry.type
      when "dir" then remove_tree(path)
      when "file" then delete(path)
      end
    end
    rmdir(name)
  end
end

options = {username: user, password: password, debug_mode: true, read_timeout: 20}
options[:ssl] = {ca_file: ENV["AUTHORITY"]} if ENV["AUTHORITY"]
Net::FTP.open(host, **options) do |ftp|
  ftp.chdir(directory)
  ftp.resume = chore.start_with?("re") && chore != "rename"
  case chore
  when "list" then answers.puts(ftp.nlst("-a") - %w[. ..])
  when "get", "reget" then names.each { |name| ftp.getbinaryfile(name, name) }
  when "put", "reput" then names.each { |name| ftp.putbinaryfile(name, name) }
  when "rename" then names.each_slice(2) { |old, new| ftp.rename(old, new) }
  when "delete" then names.each { |name| ftp.delete(name) }
  when "gettree" then names.each { |name| ftp.get_tree(name) }
  when "puttree" then names.each { |name| ftp.put_tree(name) }
  when "rmtree" then names.each { |name| ftp.remove_tree(name) }
  end
  ftp.quit
end
