# SPDX-License-Identifier: GPL-3.0-or-later
# Does a chore with Perl's Net::FTP; runs in the machine, as all of this folder.
#
# net_ftp.pl HOST USER DIRECTORY CHORE [NAME ...], with the password as its input: names are
# relative to DIRECTORY there and to the working directory here; the dialogue goes to stderr.
# It is under TLS if the variable AUTHORITY names a file with who is trusted.

use strict;
use warnings;
use Net::FTP;

my ($host, $user, $directory, $chore, @names) = @ARGV;
my $password = <STDIN>;
my @trusted = $ENV{AUTHORITY} ? (SSL_ca_file => $ENV{AUTHORITY}) : ();
my $ftp = Net::FTP->new($host, Debug => 1, Timeout => 20, @trusted) or die $@;

sub must { $_[0] or die "$chore: ", $ftp->message }

# as of ls, hidden files are told on request only
sub names { grep { !/^\.\.?$/ } $ftp->ls('-a') }

sub get_tree {
    my ($name, $local) = @_;
    # scripts tell directories from files in this way
    return must($ftp->get($name, $local)) unless $ftp->cwd($name);
    mkdir $local or die "$local: $!";
    get_tree($_, "$local/$_") for names();
    must($ftp->cdup);
}

sub put_tree {
    my ($name) = @_;
    return must($ftp->put($name, $name)) unless -d $name;
    must($ftp->mkdir($name));
    opendir my $entries, $name or die "$name: $!";
    put_tree("$name/$_") for grep { !/^\.\.?$/ } readdir $entries;
}

sub go_on_up {
    my ($name) = @_;
    my $there = $ftp->size($name);
    open my $file, '<', $name or die "$name: $!";
    seek $file, $there, 0;
    $ftp->restart($there);
    must($ftp->put($file, $name));
}

my %chores = (
    list => sub { print "$_\n" for names() },
    get => sub { must($ftp->get($_, $_)) for @names },
    put => sub { must($ftp->put($_, $_)) for @names },
    reget => sub { must($ftp->get($_, $_, -s $_)) for @names },
    reput => sub { go_on_up($_) for @names },
    rename => sub { while (@names) { must($ftp->rename(splice @names, 0, 2)) } },
    delete => sub { must($ftp->delete($_)) for @names },
    gettree => sub { get_tree($_, $_) for @names },
    puttree => sub { put_tree($_) for @names },
    rmtree => sub { must($ftp->rmdir($_, 1)) for @names },
);

must($ftp->starttls) if @trusted;
must($ftp->login($user, $password));
must($ftp->binary);
must($ftp->cwd($directory));
$chores{$chore}->();
must($ftp->quit);
