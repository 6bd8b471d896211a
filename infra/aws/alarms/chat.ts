/** Sends the alarms to a Slack channel through the chat service of AWS. A person authorises the workspace once. */
import * as aws from '@pulumi/aws';
import * as pulumi from '@pulumi/pulumi';
import { serviceTrust } from '../identity/trust-policies.ts';
import type { Account } from '../names.ts';
import type { AlarmTopic } from '../topic.ts';

export interface ChatArgs extends Account {
  /** Name of the configuration, e.g. `go-coffee-dr-production-us-east-1`. An account allows one configuration for each channel. */
  readonly title: string;
  readonly teamId: string;
  readonly channelId: string;
  readonly topics: readonly AlarmTopic[];
}

/** The only regions with the chat service. */
const SERVED = ['us-east-2', 'us-west-2', 'eu-west-1', 'ap-southeast-1'];

export class Chat extends pulumi.ComponentResource {
  constructor(name: string, args: ChatArgs, opts: pulumi.ComponentResourceOptions) {
    super('go-coffee-dr:alarms:Chat', name, {}, opts);
    const { title, teamId, channelId, topics, partition } = args;
    // The role shows messages and has no other rights: nobody should change backups from a chat.
    const role = new aws.iam.Role(
      `${name}-role`,
      {
        description: `Alarms of ${title} in Slack`,
        assumeRolePolicy: JSON.stringify(serviceTrust('chatbot.amazonaws.com')),
      },
      { parent: this },
    );
    new aws.chatbot.SlackChannelConfiguration(
      name,
      {
        region: topics.map(({ region }) => region).find((region) => SERVED.includes(region)) ?? SERVED[0],
        configurationName: title,
        slackTeamId: teamId,
        slackChannelId: channelId,
        iamRoleArn: role.arn,
        guardrailPolicyArns: [`arn:${partition}:iam::aws:policy/AWSDenyAll`],
        snsTopicArns: topics.map(({ arn }) => arn),
      },
      { parent: this },
    );
    this.registerOutputs({});
  }
}
